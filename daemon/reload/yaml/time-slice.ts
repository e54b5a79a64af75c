/** What is done in one go at most, milliseconds: an event that comes in meanwhile waits no longer. */
const LONGEST_TURN = 5;

/** For long work in small steps: to be called after each of them; resolves at once, or when all else has had its turn. */
export function turns(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < LONGEST_TURN) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        since = performance.now();
        resolve();
      });
    });
  };
}

/** Takes steps to their end, in turns. */
export async function inTurns<T>(steps: Generator<undefined, T>): Promise<T> {
  const turn = turns();
  for (;;) {
    const step = steps.next();
    await turn();
    if (step.done) return step.value;
  }
}
