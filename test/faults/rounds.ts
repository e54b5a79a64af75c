/** Rounds of each fault. Zero failures in n rounds bound the failure rate below 3/n at 95 % confidence. */
export const ROUNDS = Number(process.env['BELFRY_ROUNDS'] ?? 5);

/** Random number of promises before the fault, from few to many. */
export function promisesBeforeFault(): number {
  return 1 + Math.floor(10 ** (Math.random() * 4.3));
}
