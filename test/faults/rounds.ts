/** How often each fault is tried; zero failures in n rounds bound the rate below 3/n at 95 %. */
export const ROUNDS = Number(process.env['BELFRY_ROUNDS'] ?? 5);

/** After how many promises the fault strikes: few and many, differently in each run. */
export function strikeAfter(): number {
  return 1 + Math.floor(10 ** (Math.random() * 4.3));
}
