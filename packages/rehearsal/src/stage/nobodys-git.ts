import { join } from 'node:path';
import { gitEnvironment } from '@deploy/cli';

/**
 * An environment for git that ignores the configuration of whoever runs it: they may sign commits or have hooks. `home`
 * is a folder without a git configuration.
 */
export function nobodysGitEnvironment(home: string): Record<string, string> {
  return {
    ...gitEnvironment(),
    // Git before 2.32 does not know GIT_CONFIG_GLOBAL.
    HOME: home,
    XDG_CONFIG_HOME: home,
    // No such file. With /dev/null, `git config --global` run by root would replace the device with a file.
    GIT_CONFIG_GLOBAL: join(home, '.no-gitconfig'),
    // After a commit of thousands of files, git would tidy up in the background.
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'maintenance.auto',
    GIT_CONFIG_VALUE_0: 'false',
    GIT_CONFIG_PARAMETERS: '',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Sample',
    GIT_AUTHOR_EMAIL: 'sample@example.com',
    GIT_COMMITTER_NAME: 'Sample',
    GIT_COMMITTER_EMAIL: 'sample@example.com',
  };
}
