import { stableText } from './compile-entry.ts';
import type { Draft } from './draft.ts';
import { isTimezone } from './due-times.ts';
import { compileHours, type Hours, type HoursSpan } from './hours.ts';
import { below } from './pointer.ts';
import { ENTRY_NAME } from './schema/entry-name.ts';
import { hoursSchema, type HoursSettings } from './schema/hours.ts';

const DAYS: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Compiles one entry of `hours:`; undefined when anything is wrong with it. */
export function compileHoursEntry(name: string, given: unknown, draft: Draft): Hours | undefined {
  const before = draft.count;
  const pointer = below('/hours', name);
  draft.declare('hours', name, pointer, 'key', stableText(given));
  if (!new RegExp(ENTRY_NAME, 'u').test(name)) {
    const message = `\`${name}\` cannot be the name of hours`;
    draft.found({ pointer, at: 'key', code: 'hours.name', message, mend: 'use letters, digits, `_`, `.` and `-`' });
  }
  const settings = draft.settings(hoursSchema, given, pointer, '`hours`');
  if (settings === undefined) return undefined;
  const isList = Array.isArray(given);
  const spans = settings.map((span, index) => spanOf(span, isList ? below(pointer, index) : pointer, draft));
  return draft.count === before ? compileHours(name, spans) : undefined;
}

function spanOf(
  { days, from = '00:00', to = '24:00', timezone }: HoursSettings[number],
  pointer: string,
  draft: Draft,
): HoursSpan {
  if (timezone !== undefined && !isTimezone(timezone)) {
    const mend = 'use a name of the IANA list, such as `Europe/Berlin` or `Asia/Shanghai`';
    found(draft, below(pointer, 'timezone'), 'there is no such time zone', mend);
  }
  if (from === to) {
    found(draft, below(pointer, 'to'), '`from` and `to` are the same', 'for the whole day leave both out');
  }
  const begin = minutesOf(from);
  const end = minutesOf(to);
  return {
    days: daysOf(days ?? ['sun-sat'], below(pointer, 'days'), draft),
    from: begin,
    to: end > begin ? end : end + 24 * 60,
    timezone: timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function minutesOf(time: string): number {
  const [hour, minute] = time.split(':').map(Number) as [number, number];
  return hour * 60 + minute;
}

function daysOf(given: readonly string[], pointer: string, draft: Draft): ReadonlySet<number> {
  const days = new Set<number>();
  for (const part of given.flatMap((text) => text.split(','))) {
    const [first, last = first] = part
      .trim()
      .toLowerCase()
      .split('-')
      .map((day) => DAYS.indexOf(day.trim().slice(0, 3)));
    if (first === undefined || last === undefined || first < 0 || last < 0) {
      found(
        draft,
        pointer,
        `\`${part.trim()}\` is not a weekday or a range of them`,
        `write them like \`mon-fri\` or \`sat,sun\`; there are ${DAYS.join(', ')}`,
      );
      continue;
    }
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return days;
}

function found(draft: Draft, pointer: string, message: string, mend: string): void {
  draft.found({ pointer, at: 'value', code: 'hours.span', message, mend });
}
