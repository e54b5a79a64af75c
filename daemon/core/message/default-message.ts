import { truncateText } from './truncate.ts';
import type { Event } from '../event/event.ts';
import { isObject } from '../values/json.ts';
import type { Format } from './message.ts';
import type { TemplateVariables } from '../ruleset.ts';

type Escape = (text: string, format: Format) => string;

/** Deeper values are shown as JSON, which is then easier to read than `a.b.c: 1`. */
const MAX_DEPTH = 8;
const MAX_LINES = 20;
const MAX_LINE_LENGTH = 500;
/** Further values are not counted. */
const MAX_COUNTED = 200;

/** Title of a message for a rule without a `title`. */
export function defaultTitle({ event, count }: TemplateVariables, format: Format, escape: Escape): string {
  const many = typeof count === 'number' && count > 1 ? ` (${count} events)` : '';
  return escape(oneLine(`${headline(event)}${many}`), format);
}

/** Body for a rule without a `body`: a line such as `repo.name: acme/api` for each value, or a line for each of several events; for a resolved alert first its duration. */
export function defaultBody(variables: TemplateVariables, format: Format, escape: Escape): string {
  const { event, events, status, resolved_after: lasted } = variables;
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

/** Line for one of several events. */
function lineOf(event: Event): string {
  const details = linesOf(event).slice(0, 5).join(', ');
  return oneLine(`${timeOf(event)} ${headline(event)}${details === '' ? '' : `: ${details}`}`);
}

/** Time of the event without fractions of a second, in the zone of its sender: `2026-11-23 09:00:00Z`. */
function timeOf({ time }: Event): string {
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
