import { type Event, type EventInput, OWN_SOURCE } from '../../core/event/event.ts';
import { ownEvents } from '../../core/event/own-events.ts';
import type { RuleResult } from '../../core/flow/decision.ts';
import type { ReloadView } from '../../http/daemon-api.ts';
import { RepeatLimit } from '../../lib/faults.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Clock } from '../../lib/time/clock.ts';

/** Minimum interval of events about the errors of one rule. Every error is counted and logged. */
const RULE_ERROR_EVERY_MS = 60_000;

export interface OwnEventsDeps {
  readonly accept: (events: readonly EventInput[]) => Promise<unknown>;
  readonly log: Log;
  readonly clock: Clock;
  readonly scrubber: Scrubber;
}

/** Raises events of the daemon itself. An event that cannot be accepted is only logged; raising never waits. */
export class OwnEvents {
  readonly #deps: OwnEventsDeps;
  readonly #ruleErrors = new RepeatLimit(RULE_ERROR_EVERY_MS);

  constructor(deps: OwnEventsDeps) {
    this.#deps = deps;
  }

  raise(event: EventInput): void {
    const { accept, log, scrubber } = this.#deps;
    accept([scrubber.scrubJson(event)]).catch((error: unknown) =>
      log.warn({ type: event.type, error: (error as Error).message }, 'an event of the daemon itself was not accepted'),
    );
  }

  reloaded(result: ReloadView): void {
    const { ok, generation, added, changed, removed, problems } = result;
    const isApplied = ok || added.length + changed.length + removed.length > 0;
    this.raise(
      isApplied
        ? ownEvents.reloadApplied({ generation, added, changed, removed, problems })
        : ownEvents.reloadRejected({ generation, problems }),
    );
  }

  /** `fault`: undefined if the source works again. */
  sourceStatusChanged(source: string, type: string, fault: string | undefined): void {
    const { log } = this.#deps;
    if (fault === undefined) log.info(`${source}: works again`);
    else {
      log.warn({ reason: fault }, `${source}: failing`);
      this.raise(ownEvents.sourceFailing({ source, type, reason: fault }));
    }
  }

  /** Raises no event about a rule that fails on one of the daemon's own events: that would cause the next error. */
  ruleError(event: Event, { rule, errors = [] }: RuleResult): void {
    const { log, clock } = this.#deps;
    const reason = errors.join('; ');
    log.warn({ rule, event: event.id, reason }, `${rule}: error`);
    if (event.source === OWN_SOURCE || !this.#ruleErrors.passes(rule, clock.monotonic())) return;
    this.raise(ownEvents.ruleError({ rule, reason, event: event.id }));
  }
}
