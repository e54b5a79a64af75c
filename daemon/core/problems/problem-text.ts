import type { Level, Problem } from './failure.ts';

/** Styles for the parts of a problem; identity functions without colours. */
export interface Paint {
  readonly place: (text: string) => string;
  readonly wrong: (text: string) => string;
  readonly quiet: (text: string) => string;
}

const PLAIN: Paint = { place: (text) => text, wrong: (text) => text, quiet: (text) => text };

const MAX_EXCERPT_WIDTH = 160;

/** Source line of a problem with masked secrets, and the column in it. */
export interface Excerpt {
  readonly text: string;
  readonly column: number;
}

/** Formats a problem for a person: position, message, source line with a caret, and how to mend it. */
export function problemText(
  problem: Problem & { readonly level?: Level },
  excerpt: Excerpt | undefined,
  paint: Paint = PLAIN,
): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const word = problem.level === 'warning' ? 'warning: ' : '';
  const lines = [`${paint.place(place)}: ${word}${problem.message} ${paint.quiet(`[${problem.code}]`)}`];
  if (excerpt !== undefined) lines.push(...excerptLines(problem.line, excerpt, paint));
  if (problem.mend !== '') lines.push(`  ${problem.mend}`);
  return lines.join('\n');
}

function excerptLines(line: number, { text, column }: Excerpt, paint: Paint): string[] {
  const start = column > MAX_EXCERPT_WIDTH ? column - 40 : 0;
  const shown = visible(text.slice(start, start + MAX_EXCERPT_WIDTH));
  const at = Math.min(column - 1 - start, shown.length);
  const gutter = ' '.repeat(String(line).length);
  const length = /^(?:"[^"]*"|'[^']*'|[^\s,:{}[\]]+)/.exec(shown.slice(at))?.[0].length ?? 1;
  const indent = ' '.repeat(displayWidth(shown.slice(0, at)));
  const carets = '^'.repeat(Math.max(1, displayWidth(shown.slice(at, at + length))));
  return [paint.quiet(`  ${line} | `) + shown, paint.quiet(`  ${gutter} | `) + paint.wrong(indent + carets)];
}

/** Replaces each tab and control character by a space, so that the caret is in the right column and the text cannot control the terminal. */
function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, ' ');
}

/** Width on a terminal: CJK and full-width characters take two columns. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
