import { isObject } from '../../../core/values/json.ts';
import type { ConfigText } from '../config-text.ts';
import type { Draft, Settings } from '../draft.ts';

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** Translates `time_intervals` to `hours`. The map has the name of each that could be translated. https://prometheus.io/docs/alerting/latest/configuration/#time_interval-0 */
export function importIntervals(
  value: Readonly<Record<string, unknown>>,
  { config, draft }: { readonly config: ConfigText; readonly draft: Draft },
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const section of ['time_intervals', 'mute_time_intervals']) {
    const list = Array.isArray(value[section]) ? value[section] : [];
    for (const [index, interval] of list.entries()) {
      if (!isObject(interval) || typeof interval.name !== 'string') continue;
      const place = config.placeOf([section, index]);
      const spans = Array.isArray(interval.time_intervals) ? interval.time_intervals.map(spansOf) : [];
      if (spans.length === 0 || spans.includes(undefined)) {
        draft.skip(
          place,
          'days of the month, months and years are not hours of Belfry',
          'write `hours` with `dates` by hand',
        );
        continue;
      }
      const settings = (spans as readonly (readonly Settings[])[]).flat();
      const comment = `Time interval \`${interval.name}\`, line ${place.line}.`;
      found.set(
        interval.name,
        draft.add('hours', interval.name, settings.length === 1 ? settings[0]! : settings, comment, place),
      );
    }
  }
  return found;
}

/** Spans of one entry; undefined if it has what `hours` cannot express. */
function spansOf(given: unknown): readonly Settings[] | undefined {
  if (!isObject(given)) return undefined;
  const { times = [{}], weekdays, location, ...others } = given;
  if (Object.values(others).some((value) => value !== undefined) || !Array.isArray(times)) return undefined;
  const days = Array.isArray(weekdays) ? weekdays.map(daysOf) : [];
  if (days.includes(undefined)) return undefined;
  return times.filter(isObject).map(({ start_time: from, end_time: to }) => ({
    ...(days.length > 0 && { days: days as readonly string[] }),
    ...(typeof from === 'string' && { from }),
    ...(typeof to === 'string' && { to }),
    timezone: typeof location === 'string' ? location : 'UTC',
  }));
}

/** `monday:friday` -> `mon-fri`. */
function daysOf(range: unknown): string | undefined {
  const days = String(range).toLowerCase().split(':');
  return days.every((day) => DAYS.includes(day)) ? days.map((day) => day.slice(0, 3)).join('-') : undefined;
}
