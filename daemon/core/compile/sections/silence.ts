import { compileTimezone } from './hours.ts';
import { CompileContext } from '../context.ts';
import { readInstant } from '../../time/due-times.ts';
import { faultOfCron } from '../../time/time-faults.ts';
import { isObject } from '../../values/json.ts';
import { compileMatch } from '../../match/compile.ts';
import { joinPointer } from '../../values/pointer.ts';
import { kindOf } from '../../schema/explain.ts';
import { silenceSchema, type SilenceSettings } from '../../schema/sections/silence.ts';
import type { Silence } from '../../ruleset.ts';
import { recurringWindows, type Windows } from '../../time/windows.ts';

/** Compiles one entry of `silences:`; undefined when it has a problem. */
export function compileSilence(
  given: unknown,
  pointer: string,
  context: CompileContext,
  digest: string,
): Silence | undefined {
  const id = `file:${digest.slice(0, 12)}`;
  const named = isObject(given) && typeof given.name === 'string' && given.name !== '';
  if (named) context.declare('silence', given.name as string, joinPointer(pointer, 'name'), 'value', digest);
  else context.declare('silence', id, pointer, 'value', digest);
  const { file } = context.document;
  const { line } = context.document.locate(pointer, 'value');
  return silenceOf(given, pointer, context, { id, origin: 'file', file, line });
}

const CODE = 'silence.settings';

export type CompiledSilence =
  | { readonly ok: true; readonly silence: Silence }
  | {
      readonly ok: false;
      readonly problems: readonly { readonly pointer: string; readonly message: string; readonly mend: string }[];
    };

/** Compiles a silence of the API: the posted JSON with its id. */
export function compileSilenceText(given: unknown): CompiledSilence {
  const pointers: string[] = [];
  const context = new CompileContext({
    file: 'silence',
    data: given,
    referenced: () => false,
    locate: (pointer) => ({ line: pointers.push(pointer), column: 1 }),
  });
  const { id, ...settings } = isObject(given) ? given : {};
  const own = { id: typeof id === 'string' ? id : '', origin: 'api' } as const;
  const silence = silenceOf(isObject(given) ? settings : given, '', context, own);
  if (silence !== undefined) return { ok: true, silence };
  const problems = context.problems.map(({ line, message, mend }) => ({
    pointer: pointers[line - 1] ?? '',
    message,
    mend,
  }));
  return { ok: false, problems };
}

function silenceOf(
  given: unknown,
  pointer: string,
  context: CompileContext,
  own: Pick<Silence, 'id' | 'origin' | 'file' | 'line'>,
): Silence | undefined {
  const before = context.count;
  if (!isObject(given)) {
    const message = `a silence is a map of settings, not ${kindOf(given)}`;
    context.found({ pointer, at: 'value', code: 'schema.type', message, mend: 'begin it with `match: { ... }`' });
    return undefined;
  }
  const settings = context.settings(silenceSchema, given, pointer, 'a silence');
  if (settings === undefined) return undefined;
  const { name, match, if: condition, reason = '', by } = settings;
  checkComplete(settings, pointer, context);
  const compiled = compileMatch(match ?? {});
  if (!compiled.ok) context.matchProblems(compiled.problems, (relative) => joinPointer(pointer, 'match') + relative);
  const times = timesOf(settings, pointer, context);
  if (!compiled.ok || context.count > before) return undefined;
  return {
    ...own,
    written: given,
    ...(name !== undefined && { name }),
    reason,
    ...(by !== undefined && { by }),
    matcher: compiled.matcher,
    ...(condition !== undefined && { condition }),
    ...times,
  };
}

function checkComplete(
  { match, if: condition, until, recurring }: SilenceSettings,
  pointer: string,
  context: CompileContext,
): void {
  if (match === undefined && condition === undefined)
    found(context, pointer, 'the silence has neither `match` nor `if`', 'give `match`; `match: {}` matches everything');
  if (until === undefined && recurring === undefined) {
    const mend = 'give `until`, such as `2026-12-27T08:00:00+01:00`, or `recurring`';
    found(context, pointer, 'the silence has no end', mend);
  }
}

function timesOf(
  { from, until, timezone, recurring }: SilenceSettings,
  pointer: string,
  context: CompileContext,
): Pick<Silence, 'from' | 'until' | 'recurring'> {
  const zone = compileTimezone(timezone, joinPointer(pointer, 'timezone'), CODE, context);
  const instant = (text: string | undefined, field: string): number | undefined => {
    const at = text === undefined ? undefined : readInstant(text, zone);
    if (text !== undefined && at === undefined) {
      const mend = 'write it as `2026-12-24T18:00` or with an offset';
      found(context, joinPointer(pointer, field), 'this is not a date and time', mend);
    }
    return at;
  };
  const begins = instant(from, 'from');
  const ends = instant(until, 'until');
  if (begins !== undefined && ends !== undefined && ends <= begins)
    found(context, joinPointer(pointer, 'until'), '`until` is not after `from`', 'give a later `until`');
  const windows =
    recurring === undefined ? undefined : windowsOf(recurring, zone, joinPointer(pointer, 'recurring'), context);
  if (windows !== undefined && until === undefined && isEndless(windows)) {
    const mend = 'give a `for` that is shorter than the time between two windows, or `until`';
    found(
      context,
      joinPointer(pointer, 'recurring', 'for'),
      'each window lasts until the next one, without an end',
      mend,
    );
  }
  return {
    ...(begins !== undefined && { from: begins }),
    ...(ends !== undefined && { until: ends }),
    ...(windows !== undefined && { recurring: windows }),
  };
}

function windowsOf(
  { cron, for: length, timezone }: NonNullable<SilenceSettings['recurring']>,
  silenceZone: string,
  pointer: string,
  context: CompileContext,
): Windows | undefined {
  const before = context.count;
  const ownZone = timezone === undefined ? undefined : joinPointer(pointer, 'timezone');
  const zone = ownZone === undefined ? silenceZone : compileTimezone(timezone, ownZone, CODE, context);
  if (length <= 0) found(context, joinPointer(pointer, 'for'), '`for` must be longer than 0s', 'write it like `6h`');
  const fault = faultOfCron(cron, zone, '0 22 * * sat');
  if (fault !== undefined) found(context, joinPointer(pointer, 'cron'), fault.message, fault.mend);
  return context.count === before ? recurringWindows(cron, length, zone) : undefined;
}

/** Returns whether the windows follow each other without an end. Starts at the epoch, because the result does not depend on the present time. */
function isEndless(windows: Windows): boolean {
  const first = windows.next(0);
  return first === undefined || windows.next(first) === undefined;
}

function found(context: CompileContext, pointer: string, message: string, mend: string): void {
  context.found({ pointer, at: 'value', code: CODE, message, mend, quotes: true });
}
