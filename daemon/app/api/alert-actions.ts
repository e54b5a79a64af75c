import {
  type Acknowledged,
  type Acknowledgement,
  acknowledge,
  alerts,
  silenceChange,
} from '../../core/alerts/alerts.ts';
import type { Memory } from '../../core/flow/decision.ts';
import { storedSilences } from '../../core/flow/steps/silence.ts';
import { readPostedSilence } from '../../core/alerts/silence-request.ts';
import { expireSilence, silenceView, type WouldSilence, wouldSilence } from '../../core/alerts/silence-actions.ts';
import type { Ruleset, Silence } from '../../core/ruleset.ts';
import { stateOf } from '../../core/alerts/silence.ts';
import { mendByName } from '../../core/problems/suggest.ts';
import type { AlertActions } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Store } from '../../store/store.ts';

export interface QuietingParts {
  readonly store: Store;
  readonly live: () => Ruleset;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly scrubber: Scrubber;
}

/** What people made and is not over; each one is looked at for every message. */
const MOST_SILENCES = 1000;
/** A preview looks at so much of what was. */
const DAY = 86_400_000;
const MOST_EVENTS = 2000;
/** Keys looked through for the one that was probably meant, and the longest of them. */
const MOST_KEYS = 1000;
const LONGEST_KEY = 200;

/** What people do about alerts: look at them, acknowledge them, silence them. Everything is on disk before it is answered. */
export function openQuieting(parts: QuietingParts): AlertActions {
  const { store, live, clock } = parts;
  return {
    alerts(rule) {
      const all = alerts(live(), store.memory(clock.now()));
      return rule === undefined ? all : all.filter((alert) => alert.rule === rule);
    },
    acknowledge: (given) => acknowledgeAlert(parts, given),
    silences() {
      const now = clock.now();
      return silencesOf(live(), store.memory(now)).map((silence) => silenceView(silence, now));
    },
    silence: (posted) => makeSilence(parts, posted),
    expireSilence: (id) => endSilence(parts, id),
  };
}

/** Those of the files, then those that people made. */
function silencesOf(ruleset: Ruleset, memory: Memory): readonly Silence[] {
  return [...ruleset.silences, ...storedSilences(memory, ruleset)];
}

async function acknowledgeAlert(
  { store, live, clock, newId, log, scrubber }: QuietingParts,
  given: Acknowledgement,
): ReturnType<AlertActions['acknowledge']> {
  const now = clock.now();
  const ruleset = live();
  const { acknowledged } = await store.applyDecision<Acknowledged>(now, (memory) =>
    acknowledge(given, { ruleset, memory, now, newId }),
  );
  for (const { rule, key } of acknowledged) log.info({ rule, key, by: given.by }, 'alert: acknowledged');
  if (acknowledged.length > 0) return { acknowledged };
  return { acknowledged, mend: meant(given, alerts(ruleset, store.memory(now)), scrubber) };
}

function meant({ key, rule }: Acknowledgement, firing: ReturnType<typeof alerts>, scrubber: Scrubber): string {
  const shown = (text: string): string => shownKey(scrubber.scrub(text));
  const rules = firing.filter((alert) => alert.key === key).map((alert) => alert.rule);
  if (rule !== undefined && rules.length > 0) return mendByName(rule, rules, '', 'rules whose alert it is');
  const mine = rule === undefined ? firing : firing.filter((alert) => alert.rule === rule);
  const keys = new Set(mine.slice(0, MOST_KEYS).map((alert) => shown(alert.key)));
  return mendByName(shown(key), keys, 'nothing fires', 'firing now');
}

/** A key comes from an event: what is long or not for eyes is not repeated. It has been scrubbed before, or half a secret could stay. */
function shownKey(key: string): string {
  return key.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, LONGEST_KEY);
}

async function makeSilence(
  { store, live, clock, newId, log }: QuietingParts,
  posted: unknown,
): ReturnType<AlertActions['silence']> {
  const now = clock.now();
  const id = newId();
  const read = readPostedSilence(posted, id, now);
  if (!read.ok) return { kind: 'invalid', problems: read.problems };
  const { silence, given } = read;
  const { events: past, isComplete } = await store.latestEvents({ since: now - DAY, limit: MOST_EVENTS });
  const { isFull } = await store.applyDecision(now, (memory) => {
    const full =
      storedSilences(memory, live()).filter((one) => stateOf(one, now) !== 'expired').length >= MOST_SILENCES;
    const states = full ? [] : [silenceChange(id, given, silence.until)];
    return { results: [], states, deliveries: [], isFull: full };
  });
  if (isFull) return { kind: 'too_many', most: MOST_SILENCES };
  const would: WouldSilence = wouldSilence(silence, { ruleset: live(), memory: store.memory(now), past, now });
  const partial = isComplete ? {} : { partial: true as const };
  const { reason, by } = silence;
  log.info({ silence: id, reason, by, ...would }, 'silence: made');
  return { kind: 'made', silence: { ...silenceView(silence, now), would_silence: { ...would, ...partial } } };
}

async function endSilence(
  { store, live, clock, log }: QuietingParts,
  id: string,
): ReturnType<AlertActions['expireSilence']> {
  const now = clock.now();
  const ruleset = live();
  const written = ruleset.silences.find((silence) => silence.id === id);
  if (written !== undefined) return { kind: 'file', file: written.file ?? '' };
  const { expiry } = await store.applyDecision(now, (memory) => expireSilence(id, { ruleset, memory, now }));
  if (expiry === 'expired') log.info({ silence: id }, 'silence: expired by hand');
  return { kind: expiry };
}

/** How many are active now, of the files and of people. */
export function activeSilences(ruleset: Ruleset, memory: Memory, now: number): number {
  return silencesOf(ruleset, memory).filter((silence) => stateOf(silence, now) === 'active').length;
}
