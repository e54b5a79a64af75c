import { truncateText } from './truncate.ts';
import type { Event } from '../event/event.ts';
import { isObject } from '../values/json.ts';
import type { Format } from './message.ts';
import type { TemplateVariables } from '../ruleset.ts';

type Escape = (text: string, format: Format) => string;

/** Deeper in, `a.b.c: 1` is no longer easier to read than JSON. */
const MAX_DEPTH = 8;
const MAX_LINES = 20;
const MAX_LINE_LENGTH = 500;
/** Values beyond these are not counted. */
const MAX_COUNTED = 200;

/** What a message is called that the rule has no words for. */
export function defaultTitle({ event, count }: TemplateVariables, format: Format, escape: Escape): string {
  const many = typeof count === 'number' && count > 1 ? ` (${count} events)` : '';
  return escape(oneLine(`${headline(event)}${many}`), format);
}

/** `repo.name: acme/api`, a line for each value; of several events a line each; of an end first how long it was. */
export function defaultBody(scope: TemplateVariables, format: Format, escape: Escape): string {
  const { event, events, status, resolved_after: lasted } = scope;
  const isOver = status === 'resolved';
  const all = Array.isArray(events) && events.length > 1 && !isOver ? (events as readonly Event[]) : undefined;
  const facts = all === undefined ? linesOf(event) : all.map(lineOf);
  const lines = isOver && typeof lasted === 'string' ? [`It lasted ${lasted}.`, ...facts] : facts;
  const shown =
    lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), `... and ${moreOf(lines.length - MAX_LINES)}`] : lines;
  return shown
    .map((line) => escape(truncateText(line, MAX_LINE_LENGTH), format))
    .join(format === 'text' ? '\n' : format === 'html' ? '<br>' : '\n\n');
}

function moreOf(count: number): string {
  return count > MAX_COUNTED - MAX_LINES ? `more than ${MAX_COUNTED - MAX_LINES} more` : `${count} more`;
}

export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

function headline({ type, subject, source }: Event): string {
  return subject === undefined ? `${type} (${source})` : `${type}: ${subject}`;
}

/** One event among others. */
function lineOf(event: Event): string {
  const details = linesOf(event).slice(0, 5).join(', ');
  return oneLine(`${momentOf(event)} ${headline(event)}${details === '' ? '' : `: ${details}`}`);
}

/** Without fractions of a second, and with the zone that the event's sender wrote it in: `2026-11-23 09:00:00Z`. */
function momentOf({ time }: Event): string {
  return time.replace(/[Tt]/, ' ').replace(/(:\d\d)\.\d+/, '$1');
}

function linesOf(event: Event): string[] {
  const lines: string[] = [];
  collectLines(event.data, '', 0, lines);
  return lines;
}

function collectLines(value: unknown, path: string, depth: number, lines: string[]): void {
  if (value === null || value === undefined || lines.length > MAX_COUNTED) return;
  if (isObject(value) && depth < MAX_DEPTH) {
    for (const [key, item] of Object.entries(value)) {
      collectLines(item, path === '' ? key : `${path}.${key}`, depth + 1, lines);
    }
    return;
  }
  lines.push(`${path === '' ? '' : `${path}: `}${shownValue(value)}`);
}

function shownValue(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value);
  } catch {
    return '...';
  }
}
