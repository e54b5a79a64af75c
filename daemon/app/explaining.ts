import { channelTypes } from '../channels/index.ts';
import { type Explanation, explain, NO_MEMORY } from '../core/explain/explain.ts';
import { completeEvent } from '../core/explain/given.ts';
import type { DaemonPort, ExplainRequest } from '../http/port.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import { Scrubber } from '../lib/scrubber.ts';
import { Live } from '../reload/live.ts';
import { sourceTypes } from '../sources/index.ts';
import type { Store } from '../store/store.ts';
import { InvalidRules } from './foundation.ts';
import type { Environment } from './paths.ts';
import { sha256 } from './secrets-at-rest.ts';

export interface ExplainingParts {
  readonly store: Pick<Store, 'event' | 'memory'>;
  readonly live: Pick<Live, 'ruleset'>;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
}

/** What the live rules would make of an event by the present states. Nothing is committed. */
export function explaining({ store, live, scrubber, clock }: ExplainingParts): DaemonPort['explain'] {
  return async ({ event, id, rule, at }) => {
    const now = at ?? clock.now();
    const ids = (): string => newId(clock.now());
    const stored = id === undefined ? undefined : await store.event(id);
    const given = stored?.event ?? (event === undefined ? undefined : completeEvent(event, now, ids));
    if (given === undefined) return undefined;
    const context = { ruleset: live.ruleset, memory: store.memory(now), now, newId: ids };
    const hide = (text: string): string => scrubber.scrub(text);
    const explanation = explain(given, { ...context, hide, ...(rule !== undefined && { only: rule }) });
    if (stored === undefined) return explanation;
    const { receivedAt, results, later } = stored;
    return { ...explanation, then: { received_at: new Date(receivedAt).toISOString(), results, later } };
  };
}

export interface ExplainFromRules {
  /** The rules: a directory or a file. */
  readonly config: string;
  readonly env: Environment;
  readonly clock: Clock;
}

/** The same by the rules on disk alone, as if nothing had happened before. Rejects with `InvalidRules`. */
export async function explainFromRules(
  request: Omit<ExplainRequest, 'id'>,
  { config, env, clock }: ExplainFromRules,
): Promise<Explanation | undefined> {
  const scrubber = new Scrubber();
  // Nothing of it is stored, so nobody can try passwords against a fingerprint.
  const tools = { channels: channelTypes, sources: sourceTypes, fingerprint: sha256, tokenHash: sha256 };
  const prepared = await new Live(config, { env, tools, scrubber }).prepare();
  if (prepared.kind !== 'ready') throw new InvalidRules(config, prepared.problems);
  const store = { event: () => Promise.resolve(undefined), memory: () => NO_MEMORY };
  const explanation = await explaining({ store, live: prepared, scrubber, clock })(request);
  return scrubber.scrubJson(explanation);
}
