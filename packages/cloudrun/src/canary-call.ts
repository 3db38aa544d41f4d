import { cleanLine, UserError } from '@deploy/cli';
import { requireImage, requireRevisionName } from './names.ts';

export const canaryActions = ['status', 'deploy-no-traffic', 'set-traffic', 'rollback'] as const;
export type CanaryAction = (typeof canaryActions)[number];

/** What an operator asked canary-rollout to do. */
export type CanaryCall =
  | { action: 'status' }
  | { action: 'deploy-no-traffic'; image: string }
  | { action: 'set-traffic'; stable: string; canary: string; canaryPercent: number }
  | { action: 'rollback'; stable: string };

export function isCanaryAction(word: string | undefined): word is CanaryAction {
  return canaryActions.some((action) => action === word);
}

/**
 * Checks an action's arguments. Revisions must be those of `service`. Throws a UserError with exit code 2 if there are
 * too many or too few arguments, or if a value is impossible.
 */
export function parseCanaryCall(action: CanaryAction, args: readonly string[], service: string): CanaryCall {
  switch (action) {
    case 'status':
      return { action };
    case 'deploy-no-traffic': {
      const [image] = exactly(1, args, 'deploy-no-traffic <image>');
      requireImage(image, '<image>', 2);
      return { action, image };
    }
    case 'set-traffic': {
      const [stable, canary, percent] = exactly(3, args, 'set-traffic <stable> <canary> <percent>');
      requireTwoRevisions({ stable, canary, service }, `To give it all the traffic: rollback ${stable}`);
      return { action, stable, canary, canaryPercent: parsePercent(percent) };
    }
    case 'rollback': {
      const [stable] = exactly(1, args, 'rollback <stable>');
      requireRevisionName(stable, '<stable>', service);
      return { action, stable };
    }
  }
}

/**
 * Checks the arguments of `promote`: the candidate, or nothing. Throws a UserError with exit code 2 for anything else.
 */
export function parsePromoteCall(args: readonly string[], service: string): { canary: string | undefined } {
  const [canary] = args;
  if (args.length > 1 || canary === '') {
    throw new UserError(`promote takes one argument at most, the candidate, got ${args.length} arguments`, {
      hint: 'Usage: promote [<canary>]; without it, promote takes the newest ready revision that gets no traffic',
      exitCode: 2,
    });
  }
  if (canary !== undefined) requireRevisionName(canary, '<canary>', service);
  return { canary };
}

/**
 * What `judge` compares: recorded observations from a file (`-` is standard input), or two revisions of the service.
 */
export type JudgeCall = { file: string } | { stable: string; canary: string };

/** Checks the arguments of `judge`. Throws a UserError with exit code 2 if they are wrong. */
export function parseJudgeCall(args: readonly string[], service: string): JudgeCall {
  const [first = '', second = ''] = args;
  if (args.length === 2 && first === '--file' && second !== '') return { file: second };
  if (args.length === 2 && !first.startsWith('-')) {
    requireTwoRevisions(
      { stable: first, canary: second, service },
      'The second one is the candidate, which is compared with the first.',
    );
    return { stable: first, canary: second };
  }
  throw new UserError(
    'judge takes two revisions, or --file and the name of a file with recorded observations',
    {
      hint: 'Usage: judge <stable> <canary>, or judge --file <file>, where - is standard input',
      exitCode: 2,
    },
  );
}

function requireTwoRevisions(
  { stable, canary, service }: { stable: string; canary: string; service: string },
  hint: string,
): void {
  requireRevisionName(stable, '<stable>', service);
  requireRevisionName(canary, '<canary>', service);
  if (stable !== canary) return;
  throw new UserError(`<stable> and <canary> are both ${stable}`, {
    hint,
    exitCode: 2,
  });
}

type Arguments = { 1: [string]; 3: [string, string, string] };

function exactly<N extends keyof Arguments>(count: N, args: readonly string[], call: string): Arguments[N] {
  if (args.length === count && args.every((argument) => argument !== ''))
    return args as unknown as Arguments[N];
  throw new UserError(
    `${call.split(' ')[0]} takes ${count} argument${count === 1 ? '' : 's'}, got ${args.length}`,
    {
      hint: `Usage: ${call}`,
      exitCode: 2,
    },
  );
}

// No leading zero: a shell reads 010 as octal, and 08 not at all.
function parsePercent(text: string): number {
  if (/^(?:0|[1-9][0-9]?|100)$/.test(text)) return Number(text);
  throw new UserError(
    `<percent> is "${cleanLine(text, 40)}", but must be a whole number from 0 to 100, without a leading zero`,
    {
      exitCode: 2,
    },
  );
}
