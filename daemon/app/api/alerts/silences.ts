import type { Memory } from '../../../core/flow/decision.ts';
import { storedSilences } from '../../../core/flow/steps/silence.ts';
import { API_SOURCE, OWN_SOURCE } from '../../../core/event/event.ts';
import { silenceWarnings, unknownRules } from '../../../core/alerts/silence-check.ts';
import {
  MAX_SILENCES,
  readSilencePlan,
  readSilenceRequest,
  type SilenceRequest,
} from '../../../core/alerts/silence-request.ts';
import { expireSilence, silenceChange, silenceView } from '../../../core/alerts/silence-actions.ts';
import { historyFilterOf, matchesOf, type SilenceMatches } from '../../../core/alerts/silence-preview.ts';
import type { Ruleset, Silence } from '../../../core/ruleset.ts';
import { stateOf } from '../../../core/alerts/silence.ts';
import type { AlertActions } from '../../../http/daemon-api.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { AlertActionsDeps } from './deps.ts';
import { pastEvents } from './past-events.ts';
import { examplesOf, notificationsOf } from './silence-examples.ts';
import { shownText } from './shown-text.ts';

/** Age of the past events that the preview of a silence checks. */
const PREVIEW_MS = 86_400_000;
const MAX_EXAMPLES = 20;
/** Length at which a warning about a silence is cut; it lists names of fields of events. */
const MAX_WARNING_CHARS = 1000;

/** Silences: list, plan, make, end. Every change is durable before it is answered. */
export function openSilences(
  deps: AlertActionsDeps,
): Pick<AlertActions, 'silences' | 'silence' | 'planSilence' | 'expireSilence'> {
  const { store, live, clock } = deps;
  return {
    silences() {
      const now = clock.now();
      return silencesOf(live(), store.memory(now)).map((silence) => silenceView(silence, now));
    },
    silence: (request, isForced) => makeSilence(deps, request, isForced),
    planSilence: (request, isForced) => planSilence(deps, request, isForced),
    expireSilence: (id) => endSilence(deps, id),
  };
}

/** Silences of the rules, then those made by users. */
export function silencesOf(ruleset: Ruleset, memory: Memory): readonly Silence[] {
  return [...ruleset.silences, ...storedSilences(memory, ruleset)];
}

/** Number of active silences, of the rules and of users. */
export function activeSilences(ruleset: Ruleset, memory: Memory, now: number): number {
  return silencesOf(ruleset, memory).filter((silence) => stateOf(silence, now) === 'active').length;
}

async function makeSilence(
  deps: AlertActionsDeps,
  request: unknown,
  isForced: boolean,
): ReturnType<AlertActions['silence']> {
  const { store, live, clock, newId, log, onLater } = deps;
  const now = clock.now();
  const id = newId();
  const read = checked(readSilenceRequest(request, id, now), live(), isForced);
  if (!read.ok) return { kind: 'invalid', problems: read.problems };
  const { silence, given } = read;
  const decision = await store.applyDecision(now, (memory) => {
    const full = storedSilences(memory, live()).filter((one) => stateOf(one, now) !== 'expired').length >= MAX_SILENCES;
    const states = full ? [] : [silenceChange(id, given, silence.until)];
    return { results: [], states, deliveries: [], isFull: full };
  });
  if (decision.isFull) return { kind: 'too_many', most: MAX_SILENCES };
  onLater(decision);
  const { matches, warnings } = await previewOf(deps, read, now);
  const would = { ...matches, events: matches.events.length };
  const { reason, by } = silence;
  log.info({ silence: id, reason, by, ...would }, 'silence: made');
  return { kind: 'made', silence: { ...silenceView(silence, now), would_silence: would, ...warnings } };
}

/** Previews a silence. Nothing is made. */
async function planSilence(
  deps: AlertActionsDeps,
  request: unknown,
  isForced: boolean,
): ReturnType<AlertActions['planSilence']> {
  const { live, clock } = deps;
  const now = clock.now();
  const read = checked(readSilencePlan(request, '', now), live(), isForced);
  if (!read.ok) return { kind: 'invalid', problems: read.problems };
  const { matches, warnings } = await previewOf(deps, read, now);
  const { events, alerts, partial, error } = matches;
  const sent = await notificationsOf(deps.store, events);
  return {
    kind: 'planned',
    plan: {
      since: rfc3339(now - PREVIEW_MS),
      matched: events.length,
      notifications: sent.deliveries.length,
      alerts,
      examples: examplesOf(events, sent.deliveries, MAX_EXAMPLES),
      ...((partial === true || !sent.isComplete) && { partial: true }),
      ...(error !== undefined && { error }),
      ...warnings,
    },
  };
}

/** Adds the rules in the match that do not exist to the problems, unless the silence is forced. */
function checked(read: SilenceRequest, { byName }: Ruleset, isForced: boolean): SilenceRequest {
  if (!read.ok || isForced) return read;
  const problems = unknownRules(read.given.match, [...byName.keys()]);
  return problems.length > 0 ? { ok: false, problems } : read;
}

/** Matches of a silence among the firing alerts and the events of the last 24 h, with warnings about parts of it that match nothing. */
async function previewOf(
  { store, live, clock, scrubber }: AlertActionsDeps,
  { silence, given }: Extract<SilenceRequest, { ok: true }>,
  now: number,
): Promise<{ readonly matches: SilenceMatches; readonly warnings: { readonly warnings?: readonly string[] } }> {
  const ruleset = live();
  const filter = historyFilterOf(given.match);
  const { events: past, isComplete } = await pastEvents({ store, clock }, now - PREVIEW_MS, filter);
  const matches = matchesOf(silence, { ruleset, memory: store.memory(now), past, now });
  const sources = [API_SOURCE, OWN_SOURCE, ...ruleset.sources.keys()];
  const warnings = silenceWarnings(given.match, { events: past.map(({ event }) => event), sources }).map((text) =>
    shownText(scrubber.scrub(text), MAX_WARNING_CHARS),
  );
  return {
    matches: isComplete ? matches : { ...matches, partial: true },
    warnings: warnings.length > 0 ? { warnings } : {},
  };
}

async function endSilence(
  { store, live, clock, log, onLater }: AlertActionsDeps,
  id: string,
): ReturnType<AlertActions['expireSilence']> {
  const now = clock.now();
  const ruleset = live();
  const written = ruleset.silences.find((silence) => silence.id === id);
  if (written !== undefined) return { kind: 'file', file: written.file ?? '' };
  const decision = await store.applyDecision(now, (memory) => expireSilence(id, { ruleset, memory, now }));
  onLater(decision);
  if (decision.expiry === 'expired') log.info({ silence: id }, 'silence: expired by a user');
  return { kind: decision.expiry };
}
