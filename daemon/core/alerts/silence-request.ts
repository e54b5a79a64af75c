import { parseDuration } from '../../lib/time/duration.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import { type CompiledSilence, compileSilenceText } from '../compile/sections/silence.ts';
import { isTimezone, readInstant } from '../time/due-times.ts';
import { localTimezone } from '../time/time-faults.ts';
import { isObject } from '../values/json.ts';
import type { Silence } from '../ruleset.ts';

/** Mistake in a posted silence; `pointer` is a JSON Pointer into the posted JSON. */
export type SilenceProblem = Extract<CompiledSilence, { ok: false }>['problems'][number];

export type SilenceRequest =
  | {
      readonly ok: true;
      readonly silence: Silence;
      /** Settings to store, with times that depend neither on the present time nor on the zone of the machine. */
      readonly given: Readonly<Record<string, unknown>>;
    }
  | { readonly ok: false; readonly problems: readonly SilenceProblem[] };

type Settings = Readonly<Record<string, unknown>>;
type Found = (pointer: string, message: string, mend: string) => void;

/** Bound of the silences that users made and that have not expired. Every message is checked against each of them. */
export const MAX_SILENCES = 1000;

/** Latest time that RFC 3339 can express. */
const MAX_TIME = Date.UTC(9999, 11, 31);

/**
 * Reads a posted silence: the settings of a silence in a file, or `for` (`2h`) in place of `until`, counted from `from` or from
 * now. A `reason` is required, and a silence whose end has passed is refused.
 */
export function readSilenceRequest(posted: unknown, id: string, now: number): SilenceRequest {
  const problems: SilenceProblem[] = [];
  const found: Found = (pointer, message, mend) => {
    problems.push({ pointer, message, mend });
  };
  const settings = isObject(posted) ? checkRequest(posted, now, found) : posted;
  const compiled = compileSilenceText(isObject(settings) ? { ...settings, id } : settings);
  if (!compiled.ok) return { ok: false, problems: [...problems, ...compiled.problems] };
  const { until = MAX_TIME } = compiled.silence;
  if (until <= now) found('/until', 'this time has passed', 'give a later time');
  if (problems.length > 0) return { ok: false, problems };
  const given = withFixedTimes({ ...(settings as Settings), id }, compiled.silence, now);
  const again = compileSilenceText(given);
  return again.ok ? { ok: true, silence: again.silence, given } : again;
}

/** Reads a silence that shall not be made: it needs neither a reason nor an end, because these do not change what it matches. */
export function readSilencePlan(posted: unknown, id: string, now: number): SilenceRequest {
  if (!isObject(posted)) return readSilenceRequest(posted, id, now);
  const { reason = '', for: length, until, recurring } = posted;
  const isEndless = [length, until, recurring].every((end) => end === undefined);
  const hasReason = typeof reason !== 'string' || reason.trim() !== '';
  const added = { ...(isEndless && { for: '1h' }), ...(!hasReason && { reason: 'plan' }) };
  return readSilenceRequest({ ...posted, ...added }, id, now);
}

/** Checks what is required of posted silences only. Returns the settings with `until`; if it is unknown, with the latest time. */
function checkRequest(posted: Settings, now: number, found: Found): Settings {
  const { for: length, id, ...settings } = posted;
  const { until, recurring, reason } = settings;
  if (id !== undefined) found('/id', 'the id of a silence is generated', 'leave `id` out');
  if (reason === undefined || (typeof reason === 'string' && reason.trim() === ''))
    found('/reason', 'the silence has no reason', 'give a `reason`, such as `release night`');
  if (length === undefined) {
    if (until !== undefined || recurring !== undefined) return settings;
    found('', 'the silence has no end', 'give `for`, such as `2h`, or `until`, such as `2026-12-27T08:00:00+01:00`');
    return { ...settings, until: rfc3339(MAX_TIME) };
  }
  if (until !== undefined) found('/for', '`for` and `until` both say when it ends', 'give one of them');
  const ms = typeof length === 'string' ? parseDuration(length) : undefined;
  const end = beginOf(settings, now) + (ms ?? 0);
  const fits = ms !== undefined && ms > 0 && end < MAX_TIME;
  if (!fits) found('/for', 'this is not a duration for a silence', 'write it like `2h` or `1h30m`');
  return { ...settings, until: rfc3339(fits ? end : MAX_TIME) };
}

function beginOf({ from, timezone }: Settings, now: number): number {
  return (typeof from === 'string' ? readInstant(from, zoneOf(timezone)) : undefined) ?? now;
}

function withFixedTimes(settings: Settings, { from, until }: Silence, now: number): Settings {
  const { from: _from, until: _until, timezone, recurring, ...rest } = settings;
  return {
    ...rest,
    ...(from !== undefined && from > now && { from: rfc3339(from) }),
    ...(until !== undefined && { until: rfc3339(Math.min(until, MAX_TIME)) }),
    ...(isObject(recurring) && { recurring: { timezone: zoneOf(timezone), ...recurring } }),
  };
}

/** The given time zone, or that of the machine. */
function zoneOf(timezone: unknown): string {
  return typeof timezone === 'string' && isTimezone(timezone) ? timezone : localTimezone();
}
