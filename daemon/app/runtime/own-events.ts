import type { RuleResult } from '../../core/flow/decision.ts';
import { type Event, type EventInput, OWN_SOURCE } from '../../core/event/event.ts';
import { ownEvents } from '../../core/event/own-events.ts';
import type { ReloadView } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { RepeatLimit } from '../../lib/faults.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';

/** How often one rule's errors are told as events; every one is counted and logged anyway. Milliseconds. */
const RULE_ERROR_EVERY_MS = 60_000;

/** Raises the daemon's own events. They are courtesies: one that cannot be taken is logged, and never holds up what it is about. */
export class OwnEvents {
  readonly #accept: (events: readonly EventInput[]) => Promise<unknown>;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #scrubber: Scrubber;
  readonly #ruleErrors = new RepeatLimit(RULE_ERROR_EVERY_MS);

  constructor(parts: {
    accept: (events: readonly EventInput[]) => Promise<unknown>;
    log: Log;
    clock: Clock;
    scrubber: Scrubber;
  }) {
    this.#scrubber = parts.scrubber;
    this.#accept = parts.accept;
    this.#log = parts.log;
    this.#clock = parts.clock;
  }

  raise(event: EventInput): void {
    this.#accept([this.#scrubber.scrubJson(event)]).catch((error: unknown) =>
      this.#log.warn({ type: event.type, error: (error as Error).message }, 'an event of our own was not taken'),
    );
  }

  reloaded(result: ReloadView): void {
    const { ok, generation, added, changed, removed, problems } = result;
    const applied = ok || added.length + changed.length + removed.length > 0;
    this.raise(
      applied
        ? ownEvents.reloadApplied({ generation, added, changed, removed, problems })
        : ownEvents.reloadRejected({ generation, problems }),
    );
  }

  sourceTrouble(source: string, type: string, trouble: string | undefined): void {
    if (trouble === undefined) this.#log.info(`${source}: well again`);
    else {
      this.#log.warn({ reason: trouble }, `${source}: failing`);
      this.raise(ownEvents.sourceFailing({ source, type, reason: trouble }));
    }
  }

  /** Not about rules for events of our own: an error there would raise the next one. */
  ruleError(event: Event, { rule, errors = [] }: RuleResult): void {
    const reason = errors.join('; ');
    this.#log.warn({ rule, event: event.id, reason }, `${rule}: error`);
    if (event.source === OWN_SOURCE || !this.#ruleErrors.passes(rule, this.#clock.monotonic())) return;
    this.raise(ownEvents.ruleError({ rule, reason, event: event.id }));
  }
}
