import { builtIn } from '../../channels/index.ts';
import { PluginHost } from '../../channels/plugins/host.ts';
import type { RuleResult } from '../../core/flow/decision.ts';
import { completeEvent, type EventInput } from '../../core/event/event.ts';
import { memoizedOperators } from '../../core/explain/conditions.ts';
import { explain, type ExplainContext, type Explanation, NO_MEMORY } from '../../core/explain/explain.ts';
import type { DaemonApi, DeliveryView, ExplainRequest } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { newId } from '../../lib/id.ts';
import { Scrubber } from '../../lib/secrets/scrubber.ts';
import { Live } from '../../reload/live.ts';
import { sourceTypes } from '../../sources/index.ts';
import type { Store } from '../../store/store.ts';
import { InvalidRules } from '../state/invalid-rules.ts';
import type { Environment } from '../state/paths.ts';
import { type ChannelStates, deliveryView, keptBack } from './views.ts';
import { sha256 } from '../../lib/sha256.ts';

export interface ExplainDeps {
  readonly store: Pick<Store, 'event' | 'memory' | 'deliveries'>;
  readonly live: Pick<Live, 'ruleset'>;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  readonly lanes: ChannelStates;
}

/** Explains how the live rules would decide an event with the current states. Nothing is committed. */
export function explainLive({ store, live, scrubber, clock, lanes }: ExplainDeps): DaemonApi['explain'] {
  const operatorsOf = memoizedOperators();
  return async ({ event, id, rule, at = clock.now() }) => {
    const stored = id === undefined ? undefined : await store.event(id);
    const given = stored?.event ?? event;
    if (given === undefined) return undefined;
    const { ruleset } = live;
    const states = { ruleset, memory: store.memory(at), now: at, operatorsOf };
    const explanation = withHolds(explainWith(given, states, rule, { scrubber, clock }), lanes);
    if (stored === undefined) return explanation;
    const { receivedAt, results, later } = stored;
    const isRequested = (result: RuleResult): boolean => rule === undefined || result.rule === rule;
    const recorded = {
      received_at: new Date(receivedAt).toISOString(),
      results: results.filter(isRequested),
      later: later.filter(isRequested),
    };
    const deliveries = (await store.deliveries.ofEvent(stored.event.id))
      .filter(({ delivery }) => rule === undefined || delivery.rule === rule)
      .map((delivery): DeliveryView => deliveryView(delivery, lanes));
    return { ...explanation, recorded, deliveries };
  };
}

/** Adds to each message that would be sent why its channel keeps it back. */
function withHolds(explanation: Explanation, lanes: ChannelStates): Explanation {
  const rules = explanation.rules.map((rule) => ({
    ...rule,
    sends: rule.sends.map((send) => ({ ...send, ...keptBack(lanes.statusOf(send.channel)) })),
  }));
  return { ...explanation, rules };
}

function explainWith(
  given: EventInput,
  states: Pick<ExplainContext, 'ruleset' | 'memory' | 'now' | 'operatorsOf'>,
  only: string | undefined,
  { scrubber, clock }: Pick<ExplainDeps, 'scrubber' | 'clock'>,
): Explanation {
  // Ids are made with the current time, not `at`: they always rise, so all ids after one of a future day would be of that day.
  const ids = (): string => newId(clock.now());
  const hide = (text: string): string => scrubber.scrub(text);
  const context = { ...states, newId: ids, hide, ...(only !== undefined && { only }) };
  return explain(completeEvent(given, states.now, ids), context);
}

export interface ExplainFromRules {
  /** Path of the rules directory or file. */
  readonly config: string;
  readonly env: Environment;
  readonly clock: Clock;
}

/** Explains by the rules on disk, with empty states. Rejects with `InvalidRules`. */
export async function explainFromRules(
  request: Omit<ExplainRequest, 'id' | 'event'> & { readonly event: EventInput },
  { config, env, clock }: ExplainFromRules,
): Promise<Explanation> {
  const scrubber = new Scrubber();
  // Fingerprints need no key here, because they are not stored.
  const tools = { ...builtIn, sources: sourceTypes, fingerprint: sha256, tokenHash: sha256 };
  const plugins = new PluginHost();
  const prepared = await new Live(config, { env, tools, scrubber, plugins }).prepare();
  if (prepared.kind !== 'ready') throw new InvalidRules(config, prepared.problems);
  const { event, rule, at = clock.now() } = request;
  const states = { ruleset: prepared.ruleset, memory: NO_MEMORY, now: at };
  try {
    return scrubber.scrubJson(explainWith(event, states, rule, { scrubber, clock }));
  } finally {
    plugins.close();
  }
}
