import type { Readable } from 'node:stream';
import { escapeJson, type Terminal, userOf } from '../../lib/terminal.ts';

export type { Terminal };

/** Options that every command takes, and those of the commands that talk to the daemon. */
export interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
  /** Whether times are shown in UTC, also on a terminal. */
  readonly utc?: boolean;
  readonly url?: string;
  readonly token?: string;
  /** Longest wait for an answer, milliseconds. */
  readonly timeout?: number;
  /** Whether no daemon may be asked. */
  readonly offline?: boolean;
}

/** Error of a command whose message is for the user; `exit` is one of `EXIT`. */
export class CommandError extends Error {
  readonly exit: number;
  /** Code of the error of the daemon, such as `dead.in_job`. */
  readonly code: string | undefined;

  constructor(exit: number, message: string, options: { cause?: unknown; code?: string | undefined } = {}) {
    super(message, options);
    this.name = 'CommandError';
    this.exit = exit;
    this.code = options.code;
  }
}

const COLOURS = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 } as const;
export type Paint = (colour: keyof typeof COLOURS, text: string) => string;

/** Test whether output has colour: on a terminal, but not in a pipe or with NO_COLOR (https://no-color.org). */
export function coloured(terminal: Pick<Terminal, 'stdout' | 'env'>): boolean {
  return terminal.stdout.isTTY === true && !terminal.env.NO_COLOR && terminal.env.TERM !== 'dumb';
}

export function painter(terminal: Terminal): Paint {
  return coloured(terminal) ? (colour, text) => `\u001B[${COLOURS[colour]}m${text}\u001B[0m` : (_colour, text) => text;
}

export function line(terminal: Terminal, text: string): void {
  terminal.stdout.write(`${text}\n`);
}

export function jsonLine(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${escapeJson(JSON.stringify(value))}\n`);
}

/** Table with columns padded to their widest cell, except the last one. Escape codes have no width. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, width(cell))),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - width(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function width(text: string): number {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/\u001B\[\d+m/g, '').length;
}

/** Replaces control characters of text from events and providers, which could control the terminal. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\u2028-\u202E\u2066-\u2069]+/gu, ' ');
}

/** The same for a text of several lines, which stay lines. */
export function harmlessLines(text: string): string {
  return text.split('\n').map(harmless).join('\n');
}

/** Indents each line by two spaces. */
export function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

/** Name that a command sends as that of the person. With a token the daemon knows the name of the token, so only `--by` is sent. */
export function personOf(
  terminal: Pick<Terminal, 'env'>,
  { by, url, token }: CommonOptions & { readonly by?: string },
): string | undefined {
  const hasToken = url !== undefined || token !== undefined || Boolean(terminal.env.BELFRY_TOKEN);
  return by ?? (hasToken ? undefined : userOf(terminal));
}

export async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString('utf8');
}
