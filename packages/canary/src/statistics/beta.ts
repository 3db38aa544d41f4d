/**
 * Quantile `p` of the Beta(a, b) distribution, for a and b above 0: the x at which `betaCdf(x, a, b)` is p. Uses
 * Newton's method inside a bracket, and halves the bracket whenever a step would leave it. Tested to 1e-8.
 */
export function betaQuantile(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  // Two cases have a closed form, including the most common one (no failure so far).
  if (a === 1) return -Math.expm1(Math.log1p(-p) / b);
  if (b === 1) return p ** (1 / a);
  const lnB = lnBeta(a, b);
  let low = 0;
  let high = 1;
  let x = a / (a + b);
  for (let round = 0; round < 200; round++) {
    const error = regularized(x, a, b, lnB) - p;
    if (error > 0) high = x;
    else low = x;
    const density = Math.exp((a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x) - lnB);
    const newton = x - error / density;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-13 * x || high - low < 1e-16) return next;
    x = next;
  }
  return x;
}

/** Distribution function of Beta(a, b) at x: the regularized incomplete beta function I_x(a, b). */
export function betaCdf(x: number, a: number, b: number): number {
  return regularized(x, a, b, lnBeta(a, b));
}

/** P(X <= k) for a binomial X of n trials with probability p: I_{1-p}(n-k, k+1) (DLMF 8.17.5). */
export function binomialCdf(k: number, n: number, p: number): number {
  return k >= n ? 1 : betaCdf(1 - p, n - k, k + 1);
}

function regularized(x: number, a: number, b: number, lnB: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - lnB);
  // The continued fraction converges quickly only on one side of the mean; on the other side, use the symmetric form.
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  // The number of rounds needed grows only with the square root of the larger parameter, so no canary ever needs a
  // million.
  for (let m = 1; m <= 1_000_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return fraction;
}

function lnBeta(a: number, b: number): number {
  return lnGamma(a) + lnGamma(b) - lnGamma(a + b);
}

/** ln of the gamma function for x > 0: Stirling's series (DLMF 5.11.1), after shifting small arguments upwards. */
function lnGamma(x: number): number {
  let shift = 1;
  let z = x;
  for (; z < 15; z++) shift *= z;
  const y = 1 / (z * z);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(shift);
}
