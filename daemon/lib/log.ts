import { pino, type Logger } from 'pino';
import { escapeJson, unicodeEscape } from './terminal.ts';
import type { Scrubber } from './secrets/scrubber.ts';

export type Log = Logger;

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** `auto` is text on a terminal and JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'text';
}

/** Opens the log. Secrets are masked in each serialised line, so that nested causes and quoted responses are covered. */
export function openLog(
  settings: LogSettings,
  scrubber: Scrubber,
  out: NodeJS.WritableStream & { isTTY?: boolean },
): Log {
  const asText = settings.format === 'text' || (settings.format === 'auto' && out.isTTY === true);
  const write = (line: string): void => {
    const clean = scrubber.scrub(line) === line ? line : scrubbedLine(line, scrubber);
    out.write(asText ? readable(clean) : escapeJson(clean));
  };
  return pino(
    {
      level: settings.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
}

/** Masks secrets in the values of a line, so that it stays JSON. */
const scrubbedLine = (line: string, scrubber: Scrubber): string =>
  `${JSON.stringify(scrubber.scrubJson(JSON.parse(line)))}\n`;

/** Formats a line for people: `12:00:01 warn  ops: delivery dead  delivery=01J.. code=wecom.93000`. Always one line. */
function readable(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const text = `${String(msg)}${fields.length > 0 ? `  ${fields.join(' ')}` : ''}`;
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${escaped(text)}\n`;
}

/** Escapes control characters and those that reverse the direction of text: text from outside, such as a file name, must not forge a line or control the terminal. */
function escaped(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028-\u202E\u2066-\u2069]/gu,
    (character) => JSON_ESCAPES[character] ?? unicodeEscape(character),
  );
}

const JSON_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
