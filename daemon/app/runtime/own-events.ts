import type { Event, EventInput } from '../../core/event/event.ts';
import { ownEvents } from '../../core/event/own-events.ts';
import { RuleErrorLimit } from '../../core/event/rule-errors.ts';
import type { RuleResult } from '../../core/flow/decision.ts';
import type { ReloadView } from '../../http/daemon-api.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Clock } from '../../lib/time/clock.ts';

export interface OwnEventsDeps {
  readonly accept: (events: readonly EventInput[]) => Promise<unknown>;
  readonly log: Log;
  readonly clock: Clock;
  readonly scrubber: Scrubber;
}

/** Raises events of the daemon itself. An event that cannot be accepted is only logged; raising never waits. */
export class OwnEvents {
  readonly #deps: OwnEventsDeps;
  readonly #ruleErrors = new RuleErrorLimit();
  /** Name of a failing source -> start of the failure, RFC 3339. */
  readonly #failingSince = new Map<string, string>();

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
    const { ok, generation, added, changed, removed, restart_needed, problems } = result;
    const isApplied = ok || added.length + changed.length + removed.length > 0;
    this.raise(
      isApplied
        ? ownEvents.reloadApplied({ generation, added, changed, removed, restart_needed, problems })
        : ownEvents.reloadRejected({ generation, at_start: false, problems }),
    );
  }

  /** `fault`: undefined if the source works again. */
  sourceStatusChanged(source: string, type: string, fault: string | undefined): void {
    const { log, clock } = this.#deps;
    if (fault === undefined) {
      this.#failingSince.delete(source);
      return log.info(`${source}: works again`);
    }
    const since = this.#failingSince.get(source) ?? rfc3339(clock.now());
    this.#failingSince.set(source, since);
    log.warn({ reason: fault }, `${source}: failing`);
    this.raise(ownEvents.sourceFailing({ source, type, reason: fault, since }));
  }

  /** Raises no event about a rule that fails on one of the daemon's own events: that would cause the next error. */
  ruleError(event: Event, result: RuleResult): void {
    const { log, clock } = this.#deps;
    const { rule, errors = [] } = result;
    log.warn({ rule, event: event.id, reason: errors.join('; ') }, `${rule}: error`);
    const raised = this.#ruleErrors.noticeOf(event, result, clock.monotonic());
    if (raised !== undefined) this.raise(raised);
  }
}
