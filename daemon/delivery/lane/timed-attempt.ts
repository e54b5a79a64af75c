import type { Attempt, Delivery } from '../../core/delivery/delivery.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import { type Attempted, attempt } from './attempt.ts';
import type { LaneParts } from './deps.ts';
import type { OpenNotifier } from './lazy-notifier.ts';
import { failureOf } from './settle.ts';

/** What came of one attempt, how it is written down, and the settings that it was made with. */
export interface Trial {
  readonly outcome: Attempted;
  readonly record: Attempt;
  readonly fingerprint: string;
}

/** Makes one attempt and times it. */
export async function tryOnce(
  delivery: Delivery,
  config: ChannelConfig,
  lent: OpenNotifier,
  parts: LaneParts,
): Promise<Trial> {
  const { clock, scrubber, observer, log, killed } = parts;
  const at = rfc3339(clock.now());
  const began = clock.monotonic();
  const { timeout } = config.policy;
  const notifier = lent.borrow();
  const outcome = await attempt({ notifier, delivery, timeout, killed, clock, scrubber }).finally(() =>
    lent.giveBack(),
  );
  const ms = Math.round(clock.monotonic() - began);
  if (outcome.kind !== 'killed') observer.attempted(config.name, ms);
  if (outcome.kind === 'bug')
    log.error(
      { delivery: delivery.id, stack: scrubber.scrubAnswer((outcome.error.cause as Error | undefined)?.stack ?? '') },
      `${config.name}: the channel has a bug`,
    );
  return { outcome, record: { at, ms, ...failureOf(outcome) }, fingerprint: config.fingerprint };
}
