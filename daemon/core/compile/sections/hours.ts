import { type DateRange, readDates } from '../../time/calendar-dates.ts';
import { stableText } from '../entry.ts';
import { faultOfTimezone, localTimezone } from '../../time/time-faults.ts';
import type { CompileContext } from '../context.ts';
import { beginsOn, compileHours, type Hours, type HoursSpan } from '../../time/hours.ts';
import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import { ENTRY_NAME } from '../../schema/fields.ts';
import { kindOf } from '../../schema/explain.ts';
import { hoursSpanSchema, type HoursSpanSettings } from '../../schema/sections/hours.ts';
import { suggest } from '../../problems/suggest.ts';

const DAYS: readonly string[] = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const SHORT: readonly string[] = DAYS.map((day) => day.slice(0, 3));
const DAY = 86_400_000;

/** Compiles one entry of `hours:`; undefined when it has a problem. */
export function compileHoursEntry(name: string, given: unknown, context: CompileContext): Hours | undefined {
  const before = context.count;
  const pointer = joinPointer('/hours', name);
  context.declare('hours', name, pointer, 'key', stableText(given));
  if (!new RegExp(ENTRY_NAME, 'u').test(name)) {
    const message = `\`${name}\` cannot be the name of hours`;
    context.found({ pointer, at: 'key', code: 'hours.name', message, mend: 'use letters, digits, `_`, `.` and `-`' });
  }
  const spans = Array.isArray(given)
    ? given.map((item: unknown, index) => spanOf(item, joinPointer(pointer, index), context))
    : [spanOf(given, pointer, context)];
  if (spans.length === 0) {
    const mend = 'give at least one: `- { days: mon-fri, from: "09:00", to: "18:00" }`';
    context.found({ pointer, at: 'value', code: 'schema.empty', message: `the hours \`${name}\` have no span`, mend });
  }
  return context.count === before
    ? compileHours(
        name,
        spans.filter((span) => span !== undefined),
        context.localTimeConverters,
      )
    : undefined;
}

function spanOf(given: unknown, pointer: string, context: CompileContext): HoursSpan | undefined {
  const before = context.count;
  if (!isObject(given)) {
    const message = `a span of hours is a map of settings, not ${kindOf(given)}`;
    const mend = 'write it like `{ days: mon-fri, from: "09:00", to: "18:00" }`';
    context.found({ pointer, at: 'value', code: 'schema.type', message, mend });
    return undefined;
  }
  const settings = context.settings(
    hoursSpanSchema,
    withoutMisplaced(given, pointer, context),
    pointer,
    'a span of hours',
  );
  if (settings === undefined) return undefined;
  const pointers = (field: string) => pointersOf(given, pointer, field);
  const { dates, except_dates: exceptDates } = settings;
  const span: HoursSpan = {
    days: daysOf(settings.days ?? ['sun-sat'], pointers('days'), context),
    ...timesOf(settings, pointer, context),
    timezone: compileTimezone(settings.timezone, joinPointer(pointer, 'timezone'), 'hours.span', context),
    ...(dates !== undefined && { dates: datesOf(dates, pointers('dates'), context) }),
    ...(exceptDates !== undefined && { exceptDates: datesOf(exceptDates, pointers('except_dates'), context) }),
  };
  if (context.count === before) checkBegins(span, pointer, context);
  return span;
}

/** Reports values that YAML reads as keys, such as `sun` in `{ days: sat,sun }`, and returns the other settings. */
function withoutMisplaced(given: Readonly<Record<string, unknown>>, pointer: string, context: CompileContext) {
  const misplaced = Object.keys(given).filter((key) => given[key] === null && fieldOf(key) !== undefined);
  for (const key of misplaced) {
    const message = `\`${key}\` is not part of \`${fieldOf(key)}\`: between braces a comma ends the value`;
    const mend = `put the list in quotes or in brackets, such as \`${fieldOf(key)}: [..., ${key}]\``;
    context.found({ pointer: joinPointer(pointer, key), at: 'key', code: 'hours.span', message, mend });
  }
  return Object.fromEntries(Object.entries(given).filter(([key]) => !misplaced.includes(key)));
}

/** Setting to which a text belongs. */
function fieldOf(text: string): 'days' | 'dates' | undefined {
  const isDays = text.split('-').every((word) => dayOf(word.trim().toLowerCase()) !== -1);
  return isDays ? 'days' : readDates(text).ok ? 'dates' : undefined;
}

type PointerOf = (index: number) => string;

/** Pointers of the texts of a field that is a list or a single text. */
function pointersOf(given: Readonly<Record<string, unknown>>, pointer: string, field: string): PointerOf {
  const whole = joinPointer(pointer, field);
  return (index) => (Array.isArray(given[field]) ? joinPointer(whole, index) : whole);
}

/** Start and end in minutes of the day; an end that is not after the start is on the next day. */
function timesOf(
  { from, to }: HoursSpanSettings,
  pointer: string,
  context: CompileContext,
): Pick<HoursSpan, 'from' | 'to'> {
  const begin = minutesOf(from!);
  const end = minutesOf(to!);
  if (begin === end) {
    const message = '`from` and `to` are the same time';
    found(
      context,
      joinPointer(pointer, 'to'),
      message,
      'for the whole day leave both out; otherwise give another `to`',
    );
  }
  return { from: begin, to: end > begin ? end : end + 24 * 60 };
}

function minutesOf(time: string): number {
  const [hour, minute] = time.split(':').map(Number) as [number, number];
  return hour * 60 + minute;
}

function daysOf(given: readonly string[], pointerOf: PointerOf, context: CompileContext): ReadonlySet<number> {
  const days = new Set<number>();
  given.forEach((text, index) => {
    for (const part of text.split(',').map((word) => word.trim())) {
      const words = part.split('-').map((word) => word.trim().toLowerCase());
      const numbers = words.map(dayOf);
      const unknown = words[numbers.indexOf(-1)];
      if (unknown !== undefined || numbers.length > 2) {
        reportDay(part, unknown ?? '', pointerOf(index), context);
        continue;
      }
      const last = numbers.at(-1)!;
      for (let day = numbers[0]!; ; day = (day + 1) % 7) {
        days.add(day);
        if (day === last) break;
      }
    }
  });
  return days;
}

const dayOf = (word: string): number => Math.max(SHORT.indexOf(word), DAYS.indexOf(word));

function reportDay(part: string, unknown: string, pointer: string, context: CompileContext): void {
  const message = part === '' ? 'a weekday is missing here' : `\`${part}\` is not a weekday or a range of them`;
  const suggested = context.document.referenced(pointer) ? undefined : suggest(unknown, [...SHORT, ...DAYS]);
  const mend =
    suggested === undefined
      ? 'write them like `mon-fri` or `sat,sun`; the weekdays are mon, tue, wed, thu, fri, sat and sun'
      : `did you mean \`${suggested}\`?`;
  found(context, pointer, message, mend);
}

function datesOf(given: readonly string[], pointerOf: PointerOf, context: CompileContext): DateRange[] {
  const ranges: DateRange[] = [];
  given.forEach((text, index) => {
    for (const part of text.split(',')) {
      const read = readDates(part.trim());
      if (read.ok) ranges.push(read.range);
      else found(context, pointerOf(index), read.message, read.mend);
    }
  });
  return ranges;
}

/** Days after which every date has been on every weekday. */
const CYCLE_DAYS = 28 * 366;

/** Reports a span that begins on no day. */
function checkBegins(span: HoursSpan, pointer: string, context: CompileContext): void {
  if (span.dates === undefined && span.exceptDates === undefined) return;
  const firstDays = (span.dates ?? []).filter(({ yearly }) => !yearly).map(({ from }) => wallOf(from));
  for (const first of [...firstDays, Date.UTC(2030, 0, 1)]) {
    for (let day = 0; day < CYCLE_DAYS; day += 1) if (beginsOn(span, first + day * DAY)) return;
  }
  const message = 'there is no day on which this span begins';
  const mend = 'it needs a day that is among `days` and `dates`, and not among `except_dates`';
  found(context, joinPointer(pointer, span.dates === undefined ? 'except_dates' : 'dates'), message, mend);
}

function wallOf(date: number): number {
  const text = String(date).padStart(8, '0');
  return Date.parse(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}T00:00:00Z`);
}

function found(context: CompileContext, pointer: string, message: string, mend: string): void {
  context.found({ pointer, at: 'value', code: 'hours.span', message, mend, quotes: true });
}

/** Returns the given time zone, that of the machine, or UTC. An unknown zone is reported. */
export function compileTimezone(
  given: string | undefined,
  pointer: string,
  code: string,
  context: CompileContext,
): string {
  if (given === undefined) return localTimezone();
  const fault = faultOfTimezone(given);
  if (fault === undefined) return given;
  const suggested = context.document.referenced(pointer) ? undefined : suggestZone(given);
  const mend = suggested === undefined ? fault.mend : `did you mean \`${suggested}\`?`;
  context.found({ pointer, at: 'value', code, message: fault.message, mend });
  return 'UTC';
}

/** The zone for a misspelt name or the name of a city. */
function suggestZone(given: string): string | undefined {
  const names = Intl.supportedValuesOf('timeZone');
  const city = `/${given.trim().toLowerCase().replaceAll(' ', '_')}`;
  return suggest(given, names) ?? names.find((name) => name.toLowerCase().endsWith(city));
}
