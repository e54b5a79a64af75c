/** One condition of a match as a person edits it: a path, and the text of its pattern. */
export interface MatchLine {
  readonly path: string;
  readonly text: string;
}

export type Match = Readonly<Record<string, unknown>>;

/** Attributes that are text in every event, also when they look like a number. */
const TEXTS: ReadonlySet<string> = new Set(['id', 'source', 'type', 'subject', 'time', 'rule', 'key']);

export function linesOf(match: Match): readonly MatchLine[] {
  return Object.entries(match).map(([path, pattern]) => ({ path, text: textOf(path, pattern) }));
}

/** The match of some lines; those without a path are left out. Undefined if a pattern is not JSON although it begins so. */
export function matchOf(lines: readonly MatchLine[]): Match | undefined {
  try {
    const written = lines.filter(({ path }) => path.trim() !== '');
    return Object.fromEntries(written.map(({ path, text }) => [path.trim(), patternOf(path.trim(), text)]));
  } catch {
    return undefined;
  }
}

/** Match in an address, where it is JSON; an empty one if it is not. */
export function readMatch(text: string | undefined): Match {
  try {
    const match: unknown = JSON.parse(text ?? '{}');
    return typeof match === 'object' && match !== null && !Array.isArray(match) ? (match as Match) : {};
  } catch {
    return {};
  }
}

/** Match and condition in one line, for lists. */
export function describe(match: Match, condition?: string): string {
  const parts = linesOf(match).map(({ path, text }) => `${path}=${text}`);
  if (condition !== undefined) parts.push(`if ${condition}`);
  return parts.join('  ');
}

/** Text that `patternOf` reads as this pattern. */
function textOf(path: string, pattern: unknown): string {
  if (typeof pattern === 'string' && (TEXTS.has(path) ? !isJson(pattern) : patternOf(path, pattern) === pattern))
    return pattern;
  return JSON.stringify(pattern);
}

/** Lists, maps and quoted texts are JSON; of the rest, what prints back the same as a number, `true`, `false` or `null`. */
function patternOf(path: string, text: string): unknown {
  if (isJson(text)) return JSON.parse(text) as unknown;
  if (TEXTS.has(path)) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return text !== '' && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text;
}

function isJson(text: string): boolean {
  return /^\s*["[{]/.test(text);
}
