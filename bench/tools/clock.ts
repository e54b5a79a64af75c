/** Milliseconds on the machine's monotonic clock, comparable between threads and processes, unlike `performance.now()`. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls a condition every few milliseconds. Throws with `what` if it is not met in time. */
export async function until(what: string, isTrue: () => boolean, limitMs: number, everyMs = 5): Promise<void> {
  const end = now() + limitMs;
  while (!isTrue()) {
    if (now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(everyMs);
  }
}
