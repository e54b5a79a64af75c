import type { Size } from './line.ts';

/** Parsed arguments of the command line. */
export type Wanted =
  | { readonly kind: 'document'; readonly from: string }
  | {
      readonly kind: 'measure';
      readonly size: Size;
      readonly peers: boolean;
      /** Lines and curves with these names, or all that do not take too long. */
      readonly lines: 'all' | readonly string[];
      readonly curves: 'all' | readonly string[];
      /** File for the figures. */
      readonly json?: string;
    };

export const USAGE = `npm run bench                          every line and every curve
npm run bench -- lines                 every line
npm run bench -- lines delivered rules those lines
npm run bench -- curves rules          those curves
npm run bench -- peers                 also the other programs that are installed
npm run bench -- short                 whether all of it works, in less than a minute
                 --json FILE           keeps the figures; those of other lines in FILE stay
npm run bench -- document FILE         writes the table and the plots of docs/performance.md from FILE`;

const WORDS = ['peers', 'short', 'lines', 'curves'] as const;
type Word = (typeof WORDS)[number];
const isWord = (text: string): text is Word => WORDS.some((word) => word === text);

export function wantedOf(words: readonly string[]): Wanted {
  const { json, rest } = withoutJson(words);
  const [first, from, ...more] = rest;
  if (first === 'document') {
    if (from === undefined || more.length > 0) throw new Error(USAGE);
    return { kind: 'document', from };
  }
  const said = named(rest);
  const isWhole = !said.has('lines') && !said.has('curves');
  return {
    kind: 'measure',
    size: said.has('short') ? 'short' : 'full',
    peers: said.has('peers'),
    lines: isWhole ? 'all' : choice(said.get('lines')),
    curves: isWhole ? 'all' : choice(said.get('curves')),
    ...(json !== undefined && { json }),
  };
}

/** Keywords on the command line, each with the names after it. */
function named(words: readonly string[]): ReadonlyMap<Word, readonly string[]> {
  const said = new Map<Word, string[]>();
  let names: string[] | undefined;
  for (const word of words) {
    if (isWord(word)) {
      names = word === 'lines' || word === 'curves' ? [] : undefined;
      said.set(word, names ?? []);
    } else if (names === undefined) throw new Error(USAGE);
    else names.push(word);
  }
  return said;
}

const choice = (names: readonly string[] | undefined): 'all' | readonly string[] =>
  names === undefined ? [] : names.length === 0 ? 'all' : names;

function withoutJson(words: readonly string[]): { json?: string; rest: readonly string[] } {
  const at = words.indexOf('--json');
  if (at < 0) return { rest: words };
  const json = words[at + 1];
  if (json === undefined) throw new Error(USAGE);
  return { json, rest: words.toSpliced(at, 2) };
}

/** Throws if a name is unknown. */
export function chosen<T extends { readonly name: string; readonly onlyNamed?: true }>(
  all: readonly T[],
  names: 'all' | readonly string[],
): readonly T[] {
  if (names === 'all') return all.filter((one) => one.onlyNamed !== true);
  return names.map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no ${name}; there are ${all.map((one) => one.name).join(', ')}`);
    return found;
  });
}
