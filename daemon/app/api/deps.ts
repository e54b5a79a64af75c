import type { Decision } from '../../core/flow/decision.ts';
import type { Token } from '../../core/ruleset.ts';
import type { DeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import type { Lanes } from '../../delivery/lanes.ts';
import type { Resending } from '../../delivery/manual/resend.ts';
import type { DaemonApi } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Live } from '../../reload/live.ts';
import type { Store } from '../../store/store.ts';
import type { ButtonListeners } from '../buttons/listeners.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Feed } from '../runtime/feed.ts';
import type { Inbox } from '../runtime/inbox.ts';
import type { KeptRules } from '../state/kept-rules.ts';
import type { StatePaths } from '../state/paths.ts';
import type { Intake } from '../runtime/intake.ts';
import type { Heartbeat } from '../runtime/self-check/heartbeat.ts';
import type { SelfCheck } from '../runtime/self-check/self-check.ts';
import type { OwnEvents } from '../runtime/own-events.ts';
import type { Generations } from '../reload/generations.ts';
import type { RuleTests } from '../reload/rule-tests.ts';
import type { Reloading } from '../reload/reloading.ts';
import type { RunningSources } from '../runtime/sources.ts';
import type { DeliveryWaiter } from '../runtime/delivery-waiter.ts';

export interface DaemonApiDeps {
  /** Validates rules without applying them. */
  readonly check: DaemonApi['check'];
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly scrubber: Scrubber;
  readonly log: Log;
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly inbox: Inbox;
  readonly kept: KeptRules;
  readonly live: Live;
  readonly paths: Pick<StatePaths, 'state' | 'deadLetters'>;
  readonly intake: Intake;
  readonly lanes: Lanes;
  readonly resending: Resending;
  readonly jobs: Jobs;
  readonly own: Pick<OwnEvents, 'raise'>;
  readonly sources: RunningSources;
  readonly reloading: Reloading;
  readonly generations: Pick<Generations, 'list'>;
  readonly ruleTests: Pick<RuleTests, 'last' | 'run'>;
  readonly doctor: DaemonApi['doctor'];
  readonly waiter: DeliveryWaiter;
  readonly webPush: DaemonApi['webPush'];
  readonly console: DaemonApi['console'];
  readonly feed: Feed;
  readonly buttons: DaemonApi['buttons'];
  readonly listeners: Pick<ButtonListeners, 'faults'>;
  readonly tokens: () => readonly Token[];
  /** Reports results that a person gave to earlier events. */
  readonly onLater: (decision: Decision) => void;
  readonly heartbeat: Pick<Heartbeat, 'fault'>;
  readonly selfCheck: Pick<SelfCheck, 'faults'>;
  /** Reason why the daemon accepts no events; undefined if it does. */
  readonly refusing: () => string | undefined;
}
