/** Finds the most similar known word: at most two edits away (one for short words; for words of two letters one omission), or equal except for case, `-` and `_`. */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = maxEdits(word) + 1;
  for (const candidate of known) {
    if (candidate === word || (word.length <= 2 && candidate.length <= word.length)) continue;
    const edits = plain(candidate) === plain(word) ? 0 : distance(word, candidate, least);
    if (edits < least) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

/** Text for the `mend` of a problem: a suggestion, or the list of known names. */
export function mendByName(word: string, known: Iterable<string>, whenNone: string, label = 'known here'): string {
  const names = [...known];
  const suggested = suggest(word, names);
  if (suggested !== undefined) return `did you mean \`${suggested}\`?`;
  if (names.length === 0) return whenNone;
  const shown = names.slice(0, 20).map((name) => `\`${name}\``);
  return `${label}: ${shown.join(', ')}${names.length > shown.length ? ', ...' : ''}`;
}

function maxEdits(word: string): number {
  if (word.length <= 1) return 0;
  return word.length <= 4 ? 1 : 2;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, '');
}

/** Edit distance, with a swap of neighbours as one edit (optimal string alignment); `limit` if it is not below that. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
