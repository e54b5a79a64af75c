import type { Excerpt } from '../core/problem-text.ts';
import type { Lines } from './locate.ts';

/** A part of a file that must not be shown. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const MASK = '***';

/** Takes the ranges out of one line. */
export function maskLine(lines: Lines, number: number, column: number, ranges: readonly Range[]): Excerpt | undefined {
  const line = lines.line(number);
  if (line === undefined) return undefined;
  const start = lines.start(number);
  const cuts = ranges
    .map((range) => ({ from: Math.max(0, range.start - start), to: Math.min(line.length, range.end - start) }))
    .filter(({ from, to }) => to > from)
    .sort((a, b) => a.from - b.from);
  return cutOut(line, column, cuts);
}

/** For a file that could not be parsed: nobody knows what its values are, so whatever looks like a secret is taken out. */
export function maskSuspicious(line: string, column: number): Excerpt {
  const cuts: { from: number; to: number }[] = [];
  for (const pattern of SUSPICIOUS) {
    for (const match of line.matchAll(pattern)) {
      const value = match.groups!.value!;
      const from = match.index + match[0].length - value.length;
      if (value.trim() !== '' && !/^["']?\$\{[^}]*\}["']?,?\s*\}?$/.test(value.trim()))
        cuts.push({ from, to: from + value.length });
    }
  }
  return cutOut(
    line,
    column,
    cuts.sort((a, b) => a.from - b.from),
  );
}

const SUSPICIOUS: readonly RegExp[] = [
  /(?:key|keys|token|secret|password|passwd|pass|pwd|credentials?|auth|bearer|basic|github|gitlab|slack|stripe|dkim|sign|url|user|api)["']?\s*:\s*(?<value>\S.*)$/gi,
  /(?<value>[a-z][a-z0-9+.-]*:\/\/\S+)/gi,
  /(?<value>(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[A-Za-z0-9_+/=.-]{16,})/g,
];

function cutOut(
  line: string,
  column: number,
  cuts: readonly { readonly from: number; readonly to: number }[],
): Excerpt {
  let text = '';
  let at = 0;
  let shownColumn = column;
  for (const { from, to } of cuts) {
    if (to <= at) continue;
    const begin = Math.max(from, at);
    text += line.slice(at, begin) + (from >= at ? MASK : '');
    if (column - 1 >= to) shownColumn += (from >= at ? MASK.length : 0) - (to - begin);
    else if (column - 1 > begin) shownColumn -= column - 1 - begin;
    at = to;
  }
  return { text: text + line.slice(at), column: shownColumn };
}
