import { parseDuration } from '../../lib/time/duration.ts';
import { type CompiledSilence, compileSilenceText } from '../compile/sections/silence.ts';
import { isTimezone, readInstant } from '../time/due-times.ts';
import { isObject } from '../values/json.ts';
import type { Silence } from '../ruleset.ts';

/** One thing that is wrong with a posted silence; `pointer` is a JSON Pointer into what was posted. */
export type SilenceProblem = Extract<CompiledSilence, { ok: false }>['problems'][number];

export type SilenceRequest =
  | {
      readonly ok: true;
      readonly silence: Silence;
      /** What to store: it means the same at any time and in any zone. */
      readonly given: Readonly<Record<string, unknown>>;
    }
  | { readonly ok: false; readonly problems: readonly SilenceProblem[] };

type Settings = Readonly<Record<string, unknown>>;
type Found = (pointer: string, message: string, mend: string) => void;

/** The end of what can be written as a time. */
const LATEST = Date.UTC(9999, 11, 31);

/**
 * A silence as somebody posts it: what a file may say, and `for` (`2h`) in place of `until`, which counts from `from` or from
 * now. People must say why, and what would be over already is refused.
 */
export function readSilenceRequest(posted: unknown, id: string, now: number): SilenceRequest {
  const problems: SilenceProblem[] = [];
  const found: Found = (pointer, message, mend) => {
    problems.push({ pointer, message, mend });
  };
  const settings = isObject(posted) ? ownRules(posted, now, found) : posted;
  const compiled = compileSilenceText(isObject(settings) ? { ...settings, id } : settings);
  if (!compiled.ok) return { ok: false, problems: [...problems, ...compiled.problems] };
  const { until = LATEST } = compiled.silence;
  if (until <= now) found('/until', 'it would be over already', 'give a later time');
  if (problems.length > 0) return { ok: false, problems };
  const given = lasting({ ...(settings as Settings), id }, compiled.silence, now);
  const again = compileSilenceText(given);
  return again.ok ? { ok: true, silence: again.silence, given } : again;
}

/** What is asked of people beyond what files must say. Returns the settings with `until`; where it is unknown, with any. */
function ownRules(posted: Settings, now: number, found: Found): Settings {
  const { for: length, id, ...settings } = posted;
  const { until, recurring, reason } = settings;
  if (id !== undefined) found('/id', 'a silence is given its id here', 'leave `id` out');
  if (reason === undefined || (typeof reason === 'string' && reason.trim() === ''))
    found('/reason', 'the silence does not say why', 'give a `reason`, such as `release night`');
  if (length === undefined) {
    if (until !== undefined || recurring !== undefined) return settings;
    found('', 'the silence has no end', 'give `for`, such as `2h`, or `until`, such as `2026-12-27T08:00:00+01:00`');
    return { ...settings, until: textOf(LATEST) };
  }
  if (until !== undefined) found('/for', '`for` and `until` both say when it ends', 'give one of them');
  const ms = typeof length === 'string' ? parseDuration(length) : undefined;
  const end = beginOf(settings, now) + (ms ?? 0);
  const fits = ms !== undefined && ms > 0 && end < LATEST;
  if (!fits) found('/for', 'this is not a duration for a silence', 'write it like `2h` or `1h30m`');
  return { ...settings, until: textOf(fits ? end : LATEST) };
}

function beginOf({ from, timezone }: Settings, now: number): number {
  return (typeof from === 'string' ? readInstant(from, zoneOf(timezone)) : undefined) ?? now;
}

function lasting(settings: Settings, { from, until }: Silence, now: number): Settings {
  const { from: _from, until: _until, timezone, recurring, ...rest } = settings;
  return {
    ...rest,
    ...(from !== undefined && from > now && { from: textOf(from) }),
    ...(until !== undefined && { until: textOf(Math.min(until, LATEST)) }),
    ...(isObject(recurring) && { recurring: { timezone: zoneOf(timezone), ...recurring } }),
  };
}

/** The zone given, or that of the machine. */
function zoneOf(timezone: unknown): string {
  if (typeof timezone === 'string' && isTimezone(timezone)) return timezone;
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function textOf(ms: number): string {
  return new Date(ms).toISOString();
}
