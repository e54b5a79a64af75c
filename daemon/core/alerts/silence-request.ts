import { parseDuration } from '../../lib/time/duration.ts';
import { type CompiledSilence, compileSilenceText } from '../compile/sections/silence.ts';
import { isTimezone, readInstant } from '../time/due-times.ts';
import { isObject } from '../values/json.ts';
import type { Silence } from '../ruleset.ts';

/** Mistake in a posted silence; `pointer` is a JSON Pointer into the posted JSON. */
export type SilenceProblem = Extract<CompiledSilence, { ok: false }>['problems'][number];

export type SilenceRequest =
  | {
      readonly ok: true;
      readonly silence: Silence;
      /** Settings to store, which mean the same at any time and in any zone. */
      readonly given: Readonly<Record<string, unknown>>;
    }
  | { readonly ok: false; readonly problems: readonly SilenceProblem[] };

type Settings = Readonly<Record<string, unknown>>;
type Found = (pointer: string, message: string, mend: string) => void;

/** Latest time that can be written. */
const MAX_TIME = Date.UTC(9999, 11, 31);

/**
 * Reads a posted silence: the settings of one in a file, and `for` (`2h`) in place of `until`, counted from `from` or from now. A
 * `reason` is required, and a silence that would be over already is refused.
 */
export function readSilenceRequest(posted: unknown, id: string, now: number): SilenceRequest {
  const problems: SilenceProblem[] = [];
  const found: Found = (pointer, message, mend) => {
    problems.push({ pointer, message, mend });
  };
  const settings = isObject(posted) ? requestRules(posted, now, found) : posted;
  const compiled = compileSilenceText(isObject(settings) ? { ...settings, id } : settings);
  if (!compiled.ok) return { ok: false, problems: [...problems, ...compiled.problems] };
  const { until = MAX_TIME } = compiled.silence;
  if (until <= now) found('/until', 'it would be over already', 'give a later time');
  if (problems.length > 0) return { ok: false, problems };
  const given = withFixedTimes({ ...(settings as Settings), id }, compiled.silence, now);
  const again = compileSilenceText(given);
  return again.ok ? { ok: true, silence: again.silence, given } : again;
}

/** Checks the rules for posted silences that do not apply to files. Returns the settings with `until`; where that is unknown, with the latest time. */
function requestRules(posted: Settings, now: number, found: Found): Settings {
  const { for: length, id, ...settings } = posted;
  const { until, recurring, reason } = settings;
  if (id !== undefined) found('/id', 'a silence is given its id here', 'leave `id` out');
  if (reason === undefined || (typeof reason === 'string' && reason.trim() === ''))
    found('/reason', 'the silence does not say why', 'give a `reason`, such as `release night`');
  if (length === undefined) {
    if (until !== undefined || recurring !== undefined) return settings;
    found('', 'the silence has no end', 'give `for`, such as `2h`, or `until`, such as `2026-12-27T08:00:00+01:00`');
    return { ...settings, until: textOf(MAX_TIME) };
  }
  if (until !== undefined) found('/for', '`for` and `until` both say when it ends', 'give one of them');
  const ms = typeof length === 'string' ? parseDuration(length) : undefined;
  const end = beginOf(settings, now) + (ms ?? 0);
  const fits = ms !== undefined && ms > 0 && end < MAX_TIME;
  if (!fits) found('/for', 'this is not a duration for a silence', 'write it like `2h` or `1h30m`');
  return { ...settings, until: textOf(fits ? end : MAX_TIME) };
}

function beginOf({ from, timezone }: Settings, now: number): number {
  return (typeof from === 'string' ? readInstant(from, zoneOf(timezone)) : undefined) ?? now;
}

function withFixedTimes(settings: Settings, { from, until }: Silence, now: number): Settings {
  const { from: _from, until: _until, timezone, recurring, ...rest } = settings;
  return {
    ...rest,
    ...(from !== undefined && from > now && { from: textOf(from) }),
    ...(until !== undefined && { until: textOf(Math.min(until, MAX_TIME)) }),
    ...(isObject(recurring) && { recurring: { timezone: zoneOf(timezone), ...recurring } }),
  };
}

/** Given time zone, or that of the machine. */
function zoneOf(timezone: unknown): string {
  if (typeof timezone === 'string' && isTimezone(timezone)) return timezone;
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function textOf(ms: number): string {
  return new Date(ms).toISOString();
}
