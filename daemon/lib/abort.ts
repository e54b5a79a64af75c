import type { Clock } from './clock.ts';

/**
 * Runs `work` with a signal that aborts after `ms` or with `parent`, whichever is first. The listener on `parent` goes with the
 * work; `AbortSignal.any` with a signal that lives as long as the process keeps every one of them (nodejs/node#54614).
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onParent = (): void => controller.abort(parent.reason);
  if (parent.aborted) onParent();
  parent.addEventListener('abort', onParent, { once: true });
  const cancel = clock.after(ms, () => controller.abort(new DeadlinePassed(ms)));
  try {
    return await work(controller.signal);
  } finally {
    cancel();
    parent.removeEventListener('abort', onParent);
  }
}

/** Why a signal of `within` aborted, when it was time. */
export class DeadlinePassed extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlinePassed';
  }
}
