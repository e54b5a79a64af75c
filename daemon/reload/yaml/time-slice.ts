/** Milliseconds of work before other work runs: an event that arrives meanwhile waits no longer than this. */
const MAX_SLICE_MS = 5;

/** Divides long work into time slices. Call the result after each small step: it returns undefined, or a promise that resolves after other work has run. */
export function timeSlices(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < MAX_SLICE_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        since = performance.now();
        resolve();
      });
    });
  };
}

/** Runs all steps of a generator in time slices. */
export async function inTimeSlices<T>(steps: Generator<undefined, T>): Promise<T> {
  const yieldIfDue = timeSlices();
  for (;;) {
    const step = steps.next();
    await yieldIfDue();
    if (step.done) return step.value;
  }
}
