import { alerts } from '../../../core/alerts/alerts.ts';
import {
  type AlertChange,
  type AlertsChanged,
  type AlertVerb,
  changeAlerts,
  doneBy,
} from '../../../core/alerts/changes.ts';
import type { Decision, Memory } from '../../../core/flow/decision.ts';
import { storedSilences } from '../../../core/flow/steps/silence.ts';
import { API_SOURCE, OWN_SOURCE } from '../../../core/event/event.ts';
import { silenceWarnings, unknownRules } from '../../../core/alerts/silence-check.ts';
import { MAX_SILENCES, readSilenceRequest } from '../../../core/alerts/silence-request.ts';
import {
  expireSilence,
  silenceChange,
  silenceView,
  type SilencePreview,
  previewSilence,
} from '../../../core/alerts/silence-actions.ts';
import type { Ruleset, Silence } from '../../../core/ruleset.ts';
import { stateOf } from '../../../core/alerts/silence.ts';
import { mendByName } from '../../../core/problems/suggest.ts';
import type { AlertActions } from '../../../http/daemon-api.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { Log } from '../../../lib/log.ts';
import type { Scrubber } from '../../../lib/secrets/scrubber.ts';
import type { Store } from '../../../store/store.ts';

export interface AlertActionsDeps {
  readonly store: Store;
  readonly live: () => Ruleset;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly scrubber: Scrubber;
  /** Reports later results, such as the end of an alert by a person. */
  readonly onLater: (decision: Decision) => void;
}

/** Age of the past events that the preview of a silence checks, and their number. */
const PREVIEW_MS = 86_400_000;
const MAX_PREVIEW_EVENTS = 2000;
/** Keys that are compared to suggest one, and the length at which a key is cut. */
const MAX_KEYS = 1000;
const MAX_KEY_CHARS = 200;
/** Length at which a warning about a silence is cut; it lists names of fields of events. */
const MAX_WARNING_CHARS = 1000;

/** Actions of users on alerts: list, acknowledge, resolve, silence. Every change is durable before it is answered. */
export function openAlertActions(deps: AlertActionsDeps): AlertActions {
  const { store, live, clock } = deps;
  return {
    alerts(rule) {
      const all = alerts(live(), store.memory(clock.now()));
      return rule === undefined ? all : all.filter((alert) => alert.rule === rule);
    },
    change: (verb, given) => changeByPerson(deps, verb, given),
    silences() {
      const now = clock.now();
      return silencesOf(live(), store.memory(now)).map((silence) => silenceView(silence, now));
    },
    silence: (request, isForced) => makeSilence(deps, request, isForced),
    expireSilence: (id) => endSilence(deps, id),
  };
}

/** Silences of the rules, then those made by users. */
function silencesOf(ruleset: Ruleset, memory: Memory): readonly Silence[] {
  return [...ruleset.silences, ...storedSilences(memory, ruleset)];
}

async function changeByPerson(
  { store, live, clock, newId, log, scrubber, onLater }: AlertActionsDeps,
  verb: AlertVerb,
  given: AlertChange,
): ReturnType<AlertActions['change']> {
  const now = clock.now();
  const ruleset = live();
  const decision = await store.applyDecision<AlertsChanged>(now, (memory) =>
    changeAlerts(verb, given, { ruleset, memory, now, newId }),
  );
  onLater(decision);
  const { changed } = decision;
  const { by, note } = given;
  for (const { rule, key } of changed) log.info({ rule, key, by, note }, `alert: ${doneBy(verb)}`);
  if (changed.length > 0) return { changed };
  const firing = alerts(ruleset, store.memory(now));
  const changeable = verb === 'unack' ? firing.filter(({ state }) => state === 'acknowledged') : firing;
  const mend = suggestion(given, changeable, scrubber);
  return { changed, ...(mend !== '' && { mend }) };
}

/** Suggests alerts with a similar key or rule among those that can be changed; empty if there are none. */
function suggestion({ key, rule }: AlertChange, firing: ReturnType<typeof alerts>, scrubber: Scrubber): string {
  const shown = (text: string): string => shownKey(scrubber.scrub(text));
  const rules = firing.filter((alert) => alert.key === key).map((alert) => alert.rule);
  if (rule !== undefined && rules.length > 0) return mendByName(rule, rules, '', 'rules whose alert it is');
  const mine = rule === undefined ? firing : firing.filter((alert) => alert.rule === rule);
  const keys = new Set(mine.slice(0, MAX_KEYS).map((alert) => shown(alert.key)));
  return mendByName(shown(key), keys, '', 'keys with such an alert');
}

/** Key for a message, cut and without control characters, because it comes from an event. The caller scrubs it first: a cut secret could not be recognized. */
function shownKey(key: string, max = MAX_KEY_CHARS): string {
  return key.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, max);
}

async function makeSilence(
  { store, live, clock, newId, log, scrubber }: AlertActionsDeps,
  request: unknown,
  isForced: boolean,
): ReturnType<AlertActions['silence']> {
  const now = clock.now();
  const id = newId();
  const read = readSilenceRequest(request, id, now);
  if (!read.ok) return { kind: 'invalid', problems: read.problems };
  const { silence, given } = read;
  const ruleset = live();
  const unknown = isForced ? [] : unknownRules(given.match, [...ruleset.byName.keys()]);
  if (unknown.length > 0) return { kind: 'invalid', problems: unknown };
  const { events: past, isComplete } = await store.latestEvents({ since: now - PREVIEW_MS, limit: MAX_PREVIEW_EVENTS });
  const { isFull } = await store.applyDecision(now, (memory) => {
    const full = storedSilences(memory, live()).filter((one) => stateOf(one, now) !== 'expired').length >= MAX_SILENCES;
    const states = full ? [] : [silenceChange(id, given, silence.until)];
    return { results: [], states, deliveries: [], isFull: full };
  });
  if (isFull) return { kind: 'too_many', most: MAX_SILENCES };
  const would: SilencePreview = previewSilence(silence, { ruleset: live(), memory: store.memory(now), past, now });
  const partial = isComplete ? {} : { partial: true as const };
  const { reason, by } = silence;
  log.info({ silence: id, reason, by, ...would }, 'silence: made');
  const sources = [API_SOURCE, OWN_SOURCE, ...ruleset.sources.keys()];
  const events = past.map(({ event }) => event);
  const warnings = silenceWarnings(given.match, { events, sources }).map((text) =>
    shownKey(scrubber.scrub(text), MAX_WARNING_CHARS),
  );
  return {
    kind: 'made',
    silence: {
      ...silenceView(silence, now),
      would_silence: { ...would, ...partial },
      ...(warnings.length > 0 && { warnings }),
    },
  };
}

async function endSilence(
  { store, live, clock, log }: AlertActionsDeps,
  id: string,
): ReturnType<AlertActions['expireSilence']> {
  const now = clock.now();
  const ruleset = live();
  const written = ruleset.silences.find((silence) => silence.id === id);
  if (written !== undefined) return { kind: 'file', file: written.file ?? '' };
  const { expiry } = await store.applyDecision(now, (memory) => expireSilence(id, { ruleset, memory, now }));
  if (expiry === 'expired') log.info({ silence: id }, 'silence: expired by a user');
  return { kind: expiry };
}

/** Number of active silences, of the rules and of users. */
export function activeSilences(ruleset: Ruleset, memory: Memory, now: number): number {
  return silencesOf(ruleset, memory).filter((silence) => stateOf(silence, now) === 'active').length;
}
