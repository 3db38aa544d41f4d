/** A source of random numbers that a seed repeats. */
export type Random = {
  /** At least 0, below 1. */
  next(): number;
  poisson(mean: number): number;
};

/**
 * Random numbers from a name, so that a cell gives the same figures whatever ran before it. sfc32, by Chris
 * Doty-Humphrey.
 */
export function randomFrom(name: string): Random {
  let [a, b, c, count] = [hash(name, 1), hash(name, 2), hash(name, 3), 1];
  const next = (): number => {
    const t = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 20; i++) next();
  return { next, poisson: (mean) => poisson(mean, next) };
}

/** FNV-1a. */
function hash(text: string, salt: number): number {
  let value = 2_166_136_261 ^ salt;
  for (const letter of text) value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 16_777_619);
  return value;
}

function poisson(mean: number, next: () => number): number {
  if (mean <= 0) return 0;
  return mean < 12 ? poissonByInversion(mean, next) : poissonByRejection(mean, next);
}

function poissonByInversion(mean: number, next: () => number): number {
  let chance = Math.exp(-mean);
  let rest = next();
  let k = 0;
  // Beyond 200 there is no chance left that a number could hold.
  while (rest > chance && k < 200) {
    rest -= chance;
    k++;
    chance *= mean / k;
  }
  return k;
}

/** Transformed rejection, PTRS of W. Hörmann, Insurance: Mathematics and Economics 12 (1993). */
function poissonByRejection(mean: number, next: () => number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const v = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = next() - 0.5;
    const w = next();
    const distance = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / distance + b) * u + mean + 0.43);
    if (distance >= 0.07 && w <= v) return k;
    if (k < 0 || (distance < 0.013 && w > distance)) continue;
    const left = Math.log((w * inverseAlpha) / (a / (distance * distance) + b));
    if (left <= k * Math.log(mean) - mean - lnFactorial(k)) return k;
  }
}

function lnFactorial(k: number): number {
  if (k < 2) return 0;
  const n = k + 1;
  return (n - 0.5) * Math.log(n) - n + 0.918_938_533_204_672_7 + 1 / (12 * n) - 1 / (360 * n ** 3);
}
