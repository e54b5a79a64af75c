import type { Log } from '../../lib/log.ts';

/** Passes the blocks on and logs whether all of them were read; calls `onComplete` if they were. */
export async function* loggedBackup(
  blocks: AsyncIterable<Buffer>,
  log: Log,
  onComplete: () => Promise<void>,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  let reason: string | undefined = 'the reader stopped';
  try {
    for await (const block of blocks) {
      bytes += block.length;
      yield block;
    }
    reason = undefined;
    await onComplete();
  } catch (error) {
    reason = (error as Error).message;
    throw error;
  } finally {
    if (reason === undefined) log.info({ bytes }, 'backup: complete');
    else log.warn({ bytes, reason }, 'backup: not complete');
  }
}
