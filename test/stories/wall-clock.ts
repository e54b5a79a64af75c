/** Wall-clock time of a time zone as if it were UTC, milliseconds. Computed independently of the tested code. */
export function wallOf(timezone: string, instant: number): number {
  const parts = formatOf(timezone).formatToParts(instant);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)!.value);
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) + (instant % 1000);
}

/** Clock changes of a time zone in a year: time and shift in milliseconds, forward positive. */
export function changesOf(timezone: string, year: number): { readonly at: number; readonly by: number }[] {
  const changes: { at: number; by: number }[] = [];
  const offset = (instant: number): number => wallOf(timezone, instant) - instant;
  const QUARTER = 15 * 60_000;
  const end = Date.UTC(year + 1, 0, 1);
  for (let day = Date.UTC(year, 0, 1); day < end; day += 86_400_000) {
    if (offset(day) === offset(day + 86_400_000)) continue;
    let at = day;
    while (offset(at) === offset(day)) at += QUARTER;
    changes.push({ at, by: offset(at) - offset(day) });
  }
  return changes;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, format);
  return format;
}
