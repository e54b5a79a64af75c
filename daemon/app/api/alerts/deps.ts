import type { Decision } from '../../../core/flow/decision.ts';
import type { Ruleset } from '../../../core/ruleset.ts';
import type { Log } from '../../../lib/log.ts';
import type { Scrubber } from '../../../lib/secrets/scrubber.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { Store } from '../../../store/store.ts';

export interface AlertActionsDeps {
  readonly store: Store;
  readonly live: () => Ruleset;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly scrubber: Scrubber;
  /** Reports what a person changed: later results, alerts and silences. */
  readonly onLater: (decision: Decision) => void;
}
