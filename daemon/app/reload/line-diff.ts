/** Lines of a text, and the number of the first one in its file. */
export interface NumberedLines {
  readonly lines: readonly string[];
  readonly first: number;
}

type Mark = ' ' | '-' | '+';

/** A line of both texts or of one, with its index in each. */
interface Entry {
  readonly mark: Mark;
  readonly text: string;
  readonly before: number;
  readonly after: number;
}

/** Unchanged lines shown around a change. */
const CONTEXT = 2;
/** Pairs of lines that are compared; texts with more differences are shown as removed and added whole. */
const MAX_PAIRS = 250_000;

/** Differences of two texts as unified hunks (`@@ -12,3 +12,4 @@`); empty when there are none. */
export function lineDiff(before: NumberedLines, after: NumberedLines): string {
  return hunksOf(entriesOf(before.lines, after.lines))
    .map((hunk) => {
      const head = `@@ ${rangeOf(hunk, '-', before.first)} ${rangeOf(hunk, '+', after.first)} @@`;
      return [head, ...hunk.map(({ mark, text }) => mark + text)].map((line) => `${line}\n`).join('');
    })
    .join('');
}

function rangeOf(hunk: readonly Entry[], side: '-' | '+', first: number): string {
  const own = hunk.filter(({ mark }) => mark === ' ' || mark === side).length;
  const start = first + (side === '-' ? hunk[0]!.before : hunk[0]!.after);
  // A side without lines names the line before it.
  return `${side}${own === 0 ? Math.max(0, start - 1) : start},${own}`;
}

/** Groups changes with their context. */
function hunksOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const hunks: Entry[][] = [];
  let shownUntil = -1;
  for (const [index, { mark }] of entries.entries()) {
    if (mark === ' ') continue;
    const from = Math.max(index - CONTEXT, shownUntil + 1);
    const to = Math.min(index + CONTEXT, entries.length - 1);
    const more = entries.slice(from, to + 1);
    const last = hunks.at(-1);
    if (last !== undefined && from === shownUntil + 1) last.push(...more);
    else hunks.push(more);
    shownUntil = Math.max(shownUntil, to);
  }
  return hunks;
}

function entriesOf(before: readonly string[], after: readonly string[]): readonly Entry[] {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - same && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const middle = changes(before.slice(same, before.length - tail), after.slice(same, after.length - tail));
  const marks: Mark[] = [...Array<Mark>(same).fill(' '), ...middle, ...Array<Mark>(tail).fill(' ')];
  let [atBefore, atAfter] = [0, 0];
  return marks.map((mark) => {
    const entry = { mark, text: (mark === '+' ? after[atAfter] : before[atBefore])!, before: atBefore, after: atAfter };
    if (mark !== '+') atBefore += 1;
    if (mark !== '-') atAfter += 1;
    return entry;
  });
}

/** Marks of the lines by their longest common subsequence. */
function changes(before: readonly string[], after: readonly string[]): readonly Mark[] {
  const width = after.length + 1;
  const whole: Mark[] = [...before.map((): Mark => '-'), ...after.map((): Mark => '+')];
  if (before.length === 0 || after.length === 0 || before.length * after.length > MAX_PAIRS) return whole;
  // Length of the longest common subsequence of the rests from each pair of lines.
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row -= 1)
    for (let column = after.length - 1; column >= 0; column -= 1)
      lengths[row * width + column] =
        before[row] === after[column]
          ? lengths[(row + 1) * width + column + 1]! + 1
          : Math.max(lengths[(row + 1) * width + column]!, lengths[row * width + column + 1]!);
  const marks: Mark[] = [];
  let [row, column] = [0, 0];
  while (row < before.length && column < after.length) {
    if (before[row] === after[column]) {
      marks.push(' ');
      row += 1;
      column += 1;
    } else if (lengths[(row + 1) * width + column]! >= lengths[row * width + column + 1]!) {
      marks.push('-');
      row += 1;
    } else {
      marks.push('+');
      column += 1;
    }
  }
  return [...marks, ...Array<Mark>(before.length - row).fill('-'), ...Array<Mark>(after.length - column).fill('+')];
}
