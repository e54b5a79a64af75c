import { Draft } from './draft.ts';
import { cronTimes, isTimezone, readMoment } from './due-times.ts';
import { isObject } from './json.ts';
import { compileMatch } from './match/compile.ts';
import { below } from './pointer.ts';
import { kindOf } from './schema/explain.ts';
import { silenceSchema, type SilenceSettings } from './schema/silence.ts';
import type { Silence } from './silence.ts';
import { recurringWindows } from './windows.ts';

/** Compiles one entry of `silences:`; undefined when anything is wrong with it. */
export function compileSilence(given: unknown, pointer: string, draft: Draft, digest: string): Silence | undefined {
  return silenceOf(given, pointer, draft, { id: `file:${digest.slice(0, 12)}`, origin: 'file' });
}

export type CompiledSilence =
  | { readonly ok: true; readonly silence: Silence }
  | {
      readonly ok: false;
      readonly problems: readonly { readonly pointer: string; readonly message: string; readonly mend: string }[];
    };

/** Compiles a silence that somebody made: the JSON as it was posted, with its id. */
export function compileSilenceText(given: unknown): CompiledSilence {
  const places: string[] = [];
  const draft = new Draft({
    file: 'silence',
    data: given,
    referenced: () => false,
    locate: (pointer) => ({ line: places.push(pointer), column: 1 }),
  });
  const { id = '', ...settings } = isObject(given) ? given : {};
  const silence = silenceOf(isObject(given) ? settings : given, '', draft, { id: String(id), origin: 'api' });
  if (silence !== undefined) return { ok: true, silence };
  const problems = draft.problems.map(({ line, message, mend }) => ({
    pointer: places[line - 1] ?? '',
    message,
    mend,
  }));
  return { ok: false, problems };
}

function silenceOf(
  given: unknown,
  pointer: string,
  draft: Draft,
  own: Pick<Silence, 'id' | 'origin'>,
): Silence | undefined {
  const before = draft.count;
  if (!isObject(given)) {
    const message = `a silence is a map of settings, not ${kindOf(given)}`;
    draft.found({ pointer, at: 'value', code: 'schema.type', message, mend: 'begin it with `match: { ... }`' });
    return undefined;
  }
  const settings = draft.settings(silenceSchema, given, pointer, 'a silence');
  if (settings === undefined) return undefined;
  const { name, match, if: condition, reason = '', by } = settings;
  complete(settings, pointer, draft);
  const compiled = compileMatch(match ?? {});
  if (!compiled.ok)
    for (const { pointer: place, message, mend } of compiled.problems)
      found(draft, below(pointer, 'match') + place, message, mend);
  const times = timesOf(settings, pointer, draft);
  if (!compiled.ok || draft.count > before) return undefined;
  return {
    ...own,
    ...(name !== undefined && { name }),
    reason,
    ...(by !== undefined && { by }),
    matcher: compiled.matcher,
    ...(condition !== undefined && { condition }),
    ...times,
  };
}

function complete({ match, if: condition, until, recurring }: SilenceSettings, pointer: string, draft: Draft): void {
  if (match === undefined && condition === undefined)
    found(draft, pointer, 'the silence does not say what it silences', 'give `match`; `match: {}` is everything');
  if (until === undefined && recurring === undefined)
    found(
      draft,
      pointer,
      'the silence has no end',
      'give `until`, such as `2026-12-27T08:00:00+01:00`, or `recurring`',
    );
}

function timesOf(
  { from, until, timezone, recurring }: SilenceSettings,
  pointer: string,
  draft: Draft,
): Pick<Silence, 'from' | 'until' | 'recurring'> {
  const zone = zoneFor(timezone, below(pointer, 'timezone'), draft);
  const moment = (text: string | undefined, field: string): number | undefined => {
    if (text === undefined) return undefined;
    const at = readMoment(text, zone);
    if (at === undefined)
      found(
        draft,
        below(pointer, field),
        'this is not a date and time',
        'write it as `2026-12-24T18:00` or with an offset',
      );
    return at;
  };
  const begins = moment(from, 'from');
  const ends = moment(until, 'until');
  if (begins !== undefined && ends !== undefined && ends <= begins)
    found(draft, below(pointer, 'until'), '`until` is not after `from`', 'give a later `until`');
  const windows = recurring === undefined ? undefined : windowsOf(recurring, below(pointer, 'recurring'), draft);
  return {
    ...(begins !== undefined && { from: begins }),
    ...(ends !== undefined && { until: ends }),
    ...(windows !== undefined && { recurring: windows }),
  };
}

function windowsOf(
  { cron, for: length, timezone }: NonNullable<SilenceSettings['recurring']>,
  pointer: string,
  draft: Draft,
) {
  const zone = zoneFor(timezone, below(pointer, 'timezone'), draft);
  if (length <= 0) found(draft, below(pointer, 'for'), '`for` must be longer than nothing', 'write it like `6h`');
  try {
    if (cronTimes(cron, zone).next(0) === undefined)
      found(draft, below(pointer, 'cron'), 'no date ever fits this pattern', 'choose a day that the month has');
    return recurringWindows(cron, length, zone);
  } catch (error) {
    const what = (error as Error).message.replace(/^CronPattern: /, '');
    found(
      draft,
      below(pointer, 'cron'),
      `this is not a cron pattern: ${what}`,
      'write minute, hour, day, month, weekday, such as `0 22 * * sat`',
    );
    return undefined;
  }
}

/** A zone that there is; UTC stands in for one that there is not. */
function zoneFor(timezone: string | undefined, pointer: string, draft: Draft): string {
  if (timezone === undefined) return new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (isTimezone(timezone)) return timezone;
  found(draft, pointer, 'there is no such time zone', 'use a name of the IANA list, such as `Europe/Berlin`');
  return 'UTC';
}

function found(draft: Draft, pointer: string, message: string, mend: string): void {
  draft.found({ pointer, at: 'value', code: 'silence.settings', message, mend });
}
