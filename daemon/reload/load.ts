import path from 'node:path';
import type { Fragment } from '../core/compile/compile.ts';
import type { Problem } from '../core/problems/failure.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { CompileTools } from '../core/compile/registry.ts';
import { atHome } from '../lib/files/home.ts';
import type { Scrubber } from '../lib/secrets/scrubber.ts';
import { readRulesFile } from './files.ts';
import type { Issue } from './yaml/convert.ts';
import { Lines } from './locate.ts';
import { compileParsed } from './compile-parsed.ts';
import { maskLine, maskSuspicious, type Range, writtenParts } from './mask.ts';
import { parseAside } from './yaml/parse-in-worker.ts';
import { type ParsedText, parseFile } from './yaml/parse-file.ts';
import { type Lookup, lookUpAll, type ReferenceScope, referencesIn } from './references.ts';

export interface LoadParts {
  readonly env: ReferenceScope['env'];
  /** A reference that cannot be resolved is no problem where some text fits in its place. */
  readonly withoutSecrets?: boolean;
  readonly tools: CompileTools;
  /** What relative paths start from; the working directory of the process if not given. */
  readonly cwd?: string;
  /** Is told every value that came in by reference or stands in a secret field. */
  readonly scrubber: Pick<Scrubber, 'add'>;
}

/** One rules file, read and compiled. */
export interface LoadedFile {
  readonly file: string;
  readonly fragment: Fragment;
  /** Parts of its texts that YAML leaves out without a word. */
  readonly losses: readonly Problem[];
  /** It could not be read as far as names: nobody knows what it declares. */
  readonly opaque: boolean;
  /** Changes with the text and with what its references stand for. */
  readonly stamp: string;
  /** Files that its references name, absolute. */
  readonly secretFiles: readonly string[];
  /** The line of a problem as it may be shown; undefined when there is none. */
  excerpt(problem: Problem): Excerpt | undefined;
}

const NOTHING: Omit<Fragment, 'file' | 'problems'> = {
  declared: [],
  references: [],
  names: [],
  sources: [],
  channels: [],
  hours: [],
  silences: [],
  rules: [],
  rulesByDigest: new Map(),
  ruleCount: 0,
  secrets: [],
  masked: new Set(),
  rejected: new Map(),
};

/** The text of a file that was read before, for another purpose. */
export interface EarlierText {
  readonly text: string;
  readonly parsed: ParsedText;
}

/**
 * Reads and compiles a file. `before`, what it was the last time, is returned as it is when nothing changed; what was parsed
 * `earlier` is not parsed again while the text is the same.
 */
export async function loadFile(
  file: string,
  parts: LoadParts,
  before?: LoadedFile,
  earlier?: EarlierText,
): Promise<LoadedFile> {
  const read = await readRulesFile(file, path.resolve(parts.cwd ?? '', file));
  if (!read.ok) {
    const stamp = parts.tools.fingerprint(
      `unreadable ${JSON.stringify(read.problem)} ${read.bytes?.toString('base64') ?? ''}`,
    );
    if (before?.stamp === stamp) return before;
    return {
      file,
      fragment: { ...NOTHING, file, problems: [read.problem] },
      losses: [],
      opaque: true,
      stamp,
      secretFiles: [],
      excerpt: () => undefined,
    };
  }
  const known = before instanceof ParsedFile && before.text === read.text ? before : undefined;
  const entries = before instanceof ParsedFile && before.parsed.ok ? before.parsed.entries : undefined;
  const same = known ?? (earlier?.text === read.text ? earlier : undefined);
  const parsed = same?.parsed ?? (await parseFile(read.text, entries));
  return await compileFile(file, read.text, parsed, parts, known, before?.fragment);
}

async function compileFile(
  file: string,
  text: string,
  parsed: ParsedText,
  parts: LoadParts,
  known: ParsedFile | undefined,
  before: Fragment | undefined,
): Promise<LoadedFile> {
  const scope = scopeOf(file, parts);
  const found = await lookUpAll(parsed.ok ? referencesIn(parsed.data) : [], scope);
  const stamp = parts.tools.fingerprint(JSON.stringify([text, [...found]]));
  if (known?.stamp === stamp) return known;
  for (const lookup of found.values()) {
    if ('value' in lookup) parts.scrubber.add({ value: lookup.value, role: 'reference', name: '' });
  }
  const lines = new Lines(text);
  if (!parsed.ok) {
    const problems = parsed.issues.map(({ offset, ...issue }) => ({ file, ...lines.position(offset), ...issue }));
    return new ParsedFile({
      file,
      text,
      parsed,
      stamp,
      found,
      lines,
      fragment: { ...NOTHING, file, problems: inOrder(problems) },
      losses: [],
      ranges: [],
    });
  }
  const fragment = await compileParsed(
    { file, text, lines, parsed, found, absolute: absoluteIn(scope) },
    parts,
    before,
  );
  for (const secret of fragment.secrets) parts.scrubber.add(secret);
  const ranges = [...fragment.masked]
    .map((pointer) => parsed.spotOf(pointer))
    .flatMap(({ spot, exact }) => (exact ? writtenParts(text, spot) : []));
  const losses = (await lossesOf(text)).map(({ offset, ...issue }) => ({ file, ...lines.position(offset), ...issue }));
  return new ParsedFile({ file, text, parsed, stamp, found, lines, fragment, losses: inOrder(losses), ranges });
}

/** An anchor, or a `#` right before a word. */
const LOSSY = /[^\s#][ \t]+#[^\s#]|[:,[-][ \t]+&\w/;

async function lossesOf(text: string): Promise<readonly Issue[]> {
  const parsed = LOSSY.test(text) ? await parseAside(text) : undefined;
  return parsed?.ok === true ? parsed.losses : [];
}

/** Where the references of a file look. Its folder goes by the name that the file was found under: a link does not move it. */
export function scopeOf(file: string, { env, cwd = '' }: Pick<LoadParts, 'env' | 'cwd'>): ReferenceScope {
  return { env, base: path.dirname(path.resolve(cwd, file)) };
}

/** Resolves the paths that a file names. */
export function absoluteIn({ base }: ReferenceScope): (place: string) => string {
  return (place) => path.resolve(base, atHome(place));
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

interface ParsedParts {
  readonly file: string;
  readonly text: string;
  readonly parsed: ParsedText;
  readonly stamp: string;
  readonly found: ReadonlyMap<string, Lookup>;
  readonly lines: Lines;
  readonly fragment: Fragment;
  readonly losses: readonly Problem[];
  readonly ranges: readonly Range[];
}

class ParsedFile implements LoadedFile {
  readonly file: string;
  readonly text: string;
  readonly parsed: ParsedText;
  readonly stamp: string;
  readonly fragment: Fragment;
  readonly losses: readonly Problem[];
  readonly secretFiles: readonly string[];
  readonly #lines: Lines;
  readonly #ranges: readonly Range[];

  constructor({ file, text, parsed, stamp, found, lines, fragment, losses, ranges }: ParsedParts) {
    this.file = file;
    this.text = text;
    this.parsed = parsed;
    this.stamp = stamp;
    this.fragment = fragment;
    this.losses = losses;
    this.secretFiles = [...found.values()].flatMap((lookup) => (lookup.file === undefined ? [] : [lookup.file]));
    this.#lines = lines;
    this.#ranges = ranges;
  }

  get opaque(): boolean {
    return !this.parsed.ok;
  }

  excerpt({ line, column }: Problem): Excerpt | undefined {
    if (this.parsed.ok) return maskLine(this.#lines, line, column, this.#ranges);
    return maskSuspicious(this.#lines, line, column);
  }
}
