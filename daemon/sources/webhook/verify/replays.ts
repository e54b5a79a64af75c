import { createHash } from 'node:crypto';
import type { Checkpoint, SourceIo } from '../../source.ts';
import type { Proof } from './scheme.ts';

const MAX_REMEMBERED = 50_000;
/** Expired entries that are deleted with each new one. */
const MAX_EXPIRED_PER_REQUEST = 32;
const PREFIX = 'seen:';

/** Accepted signed requests whose copies would still pass verification. Saved as checkpoints with their events. */
export interface Replays {
  isKnown(replayGuard: Proof['replayGuard']): boolean;
  /** Adds a request. Returns checkpoints to save with its event, which also delete expired entries. */
  remember(replayGuard: Proof['replayGuard']): readonly Checkpoint[];
  /** Removes a request whose event was refused, so that the sender may retry it. */
  forget(replayGuard: Proof['replayGuard']): void;
}

export async function openReplays(io: SourceIo): Promise<Replays> {
  const now = io.clock.now();
  const stored = [...(await io.readCheckpoints())].filter(([key]) => key.startsWith(PREFIX));
  const seen = new Map(
    stored
      .map(([key, until]) => [key, Date.parse(until)] as const)
      .filter(([, until]) => until >= now)
      .sort(([, a], [, b]) => a - b),
  );
  const expired = stored.filter(([key]) => !seen.has(key)).map(([key]) => ({ key, value: null }));
  // Expired entries are harmless, so a full disk must not stop the source.
  if (expired.length > 0)
    await io
      .saveCheckpoints(expired)
      .catch((error: unknown) => io.log.warn({ err: error }, 'old signatures were not forgotten'));

  const removeExpired = (): Checkpoint[] => {
    const checkpoints: Checkpoint[] = [];
    for (const [key, until] of seen) {
      if (checkpoints.length >= MAX_EXPIRED_PER_REQUEST || (until >= io.clock.now() && seen.size <= MAX_REMEMBERED))
        break;
      seen.delete(key);
      checkpoints.push({ key, value: null });
    }
    return checkpoints;
  };
  return {
    isKnown: (replayGuard) =>
      replayGuard !== undefined && (seen.get(keyOf(replayGuard)) ?? Number.NEGATIVE_INFINITY) >= io.clock.now(),
    remember(replayGuard) {
      if (replayGuard === undefined) return [];
      const key = keyOf(replayGuard);
      seen.set(key, replayGuard.until);
      return [{ key, value: new Date(replayGuard.until).toISOString() }, ...removeExpired()];
    },
    forget: (replayGuard) => replayGuard !== undefined && void seen.delete(keyOf(replayGuard)),
  };
}

function keyOf(replayGuard: NonNullable<Proof['replayGuard']>): string {
  return PREFIX + createHash('sha256').update(replayGuard.content).digest('base64url');
}
