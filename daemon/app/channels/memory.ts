import { inspect } from 'node:util';
import type { ChannelMemory } from '../../channels/channel.ts';
import { isObject, parseJson } from '../../core/values/json.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Checkpoint, CheckpointStore } from '../../store/store.ts';

/** Number of texts that are kept for a channel. */
const MAX_KEPT = 1000;
/** Number of writes between two deletions of old texts. */
const WRITES_BETWEEN = 500;

export interface ChannelMemoryDeps {
  readonly checkpoints: CheckpointStore;
  /** Name of the channel. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps the texts of a channel in the store. A text that cannot be kept is logged: the message was sent, and is not to be sent again. */
export function channelMemory({ checkpoints, name, clock, log }: ChannelMemoryDeps): ChannelMemory {
  const scope = `memory:${name}`;
  let writes = 0;
  const forgetOldest = async (): Promise<void> => {
    const kept = [...(await checkpoints.read(scope))].map(([key, text]) => ({ key, at: read(text)?.at ?? 0 }));
    const oldest = kept.toSorted((a, b) => b.at - a.at).slice(MAX_KEPT);
    await checkpoints.write(
      scope,
      oldest.map(({ key }): Checkpoint => ({ key, value: null })),
    );
  };
  return {
    get: async (key) => read(await checkpoints.get(scope, key))?.value,
    async set(key, value) {
      try {
        await checkpoints.write(scope, [{ key, value: JSON.stringify({ value, at: clock.now() }) }]);
        writes += 1;
        if (writes % WRITES_BETWEEN === 1) await forgetOldest();
      } catch (error) {
        log.warn(
          { error: inspect(error) },
          'the id of a sent message could not be stored; a later message will not find it',
        );
      }
    },
  };
}

function read(text: string | undefined): { readonly value: string; readonly at: number } | undefined {
  const stored = text === undefined ? undefined : parseJson(text);
  if (!isObject(stored) || typeof stored.value !== 'string' || typeof stored.at !== 'number') return undefined;
  return { value: stored.value, at: stored.at };
}
