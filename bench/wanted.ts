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

const USAGE = `npm run bench                          every line and every curve
npm run bench -- lines                 every line
npm run bench -- lines delivered rules those lines
npm run bench -- curves rules          those curves
npm run bench -- peers                 also the other programs that are installed
npm run bench -- short                 whether all of it works, in less than a minute
                 --json FILE           keeps the figures; those of other lines in FILE stay
npm run bench -- document FILE         writes the table and the plots of docs/performance.md from FILE`;

const KEYWORDS = ['peers', 'short', 'lines', 'curves'] as const;
type Keyword = (typeof KEYWORDS)[number];
const isKeyword = (text: string): text is Keyword => KEYWORDS.some((keyword) => keyword === text);

export function wantedOf(args: readonly string[]): Wanted {
  const { json, rest } = withoutJson(args);
  const [first, from, ...more] = rest;
  if (first === 'document') {
    if (from === undefined || more.length > 0) throw new Error(USAGE);
    return { kind: 'document', from };
  }
  const keywords = named(rest);
  const isWhole = !keywords.has('lines') && !keywords.has('curves');
  return {
    kind: 'measure',
    size: keywords.has('short') ? 'short' : 'full',
    peers: keywords.has('peers'),
    lines: isWhole ? 'all' : choice(keywords.get('lines')),
    curves: isWhole ? 'all' : choice(keywords.get('curves')),
    ...(json !== undefined && { json }),
  };
}

/** Keywords on the command line, each with the names after it. */
function named(args: readonly string[]): ReadonlyMap<Keyword, readonly string[]> {
  const found = new Map<Keyword, string[]>();
  let names: string[] | undefined;
  for (const argument of args) {
    if (isKeyword(argument)) {
      names = argument === 'lines' || argument === 'curves' ? [] : undefined;
      found.set(argument, names ?? []);
    } else if (names === undefined) throw new Error(USAGE);
    else names.push(argument);
  }
  return found;
}

const choice = (names: readonly string[] | undefined): 'all' | readonly string[] =>
  names === undefined ? [] : names.length === 0 ? 'all' : names;

function withoutJson(args: readonly string[]): { json?: string; rest: readonly string[] } {
  const at = args.indexOf('--json');
  if (at < 0) return { rest: args };
  const json = args[at + 1];
  if (json === undefined) throw new Error(USAGE);
  return { json, rest: args.toSpliced(at, 2) };
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
