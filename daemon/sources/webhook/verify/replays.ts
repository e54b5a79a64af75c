import { createHash } from 'node:crypto';
import type { Checkpoint, SourceIo } from '../../source.ts';
import type { Proof } from './scheme.ts';

const MOST_REMEMBERED = 50_000;
const FORGOTTEN_AT_ONCE = 32;
const PREFIX = 'seen:';

/** The signed requests that were taken and whose copies would still pass. They are stored beside their events. */
export interface Replays {
  isKnown(once: Proof['once']): boolean;
  /** From now on a copy is known. The checkpoints go with the event; they also forget what has expired. */
  remember(once: Proof['once']): readonly Checkpoint[];
  /** The event was not taken, so the sender may send the very same request again. */
  forget(once: Proof['once']): void;
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
  // A full disk must not keep requests out that it could take in a moment; what is too old to pass may lie there.
  if (expired.length > 0)
    await io
      .saveCheckpoints(expired)
      .catch((error: unknown) => io.log.warn({ err: error }, 'old signatures were not forgotten'));

  const outdated = (): Checkpoint[] => {
    const checkpoints: Checkpoint[] = [];
    for (const [key, until] of seen) {
      if (checkpoints.length >= FORGOTTEN_AT_ONCE || (until >= io.clock.now() && seen.size <= MOST_REMEMBERED)) break;
      seen.delete(key);
      checkpoints.push({ key, value: null });
    }
    return checkpoints;
  };
  return {
    isKnown: (once) => once !== undefined && (seen.get(keyOf(once)) ?? Number.NEGATIVE_INFINITY) >= io.clock.now(),
    remember(once) {
      if (once === undefined) return [];
      const key = keyOf(once);
      seen.set(key, once.until);
      return [{ key, value: new Date(once.until).toISOString() }, ...outdated()];
    },
    forget: (once) => once !== undefined && void seen.delete(keyOf(once)),
  };
}

function keyOf(once: NonNullable<Proof['once']>): string {
  return PREFIX + createHash('sha256').update(once.content).digest('base64url');
}
