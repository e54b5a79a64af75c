const DAY_MS = 86_400_000;
const SHANGHAI_MS = 8 * 3_600_000;

/** Milliseconds until a daily quota starts again, at midnight in Shanghai, which has no summer time. `now` in milliseconds since the epoch. */
export const untilQuotaStarts = (now: number): number => DAY_MS - ((now + SHANGHAI_MS) % DAY_MS);
