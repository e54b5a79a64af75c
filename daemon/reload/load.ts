import path from 'node:path';
import type { Fragment } from '../core/compile/compile.ts';
import type { Problem } from '../core/problems/failure.ts';
import { isObject } from '../core/values/json.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { CompileTools } from '../core/compile/registry.ts';
import { expandHome } from '../lib/files/home.ts';
import type { Scrubber } from '../lib/secrets/scrubber.ts';
import type { PluginLoader } from '../core/compile/plugin-loader.ts';
import { readRulesFile } from './files.ts';
import type { Issue } from './yaml/convert.ts';
import { Lines } from './text/locate.ts';
import { compileParsed } from './compile-parsed.ts';
import { isInRules, maskLine, maskSuspicious, type Range, withoutComment, writtenParts } from './text/mask.ts';
import { lineOfEntry, type RuleSource, textOfEntry } from './text/rule-source.ts';
import { parseText } from './yaml/parse-in-worker.ts';
import { type ParsedText, parseFile } from './yaml/parse-file.ts';
import { type Lookup, lookUpAll, type ReferenceScope, referencesIn, secretReferencesIn } from './references.ts';

export interface LoadDeps {
  readonly env: ReferenceScope['env'];
  /** A reference that cannot be resolved is not a problem if the setting accepts some text. */
  readonly withoutSecrets?: boolean;
  /** False: the files of references are not read. */
  readonly readsFiles?: boolean;
  readonly tools: CompileTools;
  /** Loads the modules of `daemon.plugins`. Without it these have no effect. */
  readonly plugins?: PluginLoader;
  /** Folder at which relative paths start; default: the working directory of the process. */
  readonly cwd?: string;
  /** Gets every value of a reference and of a secret setting. */
  readonly scrubber: Pick<Scrubber, 'add'>;
}

/** One rules file, read and compiled. */
export interface LoadedFile {
  readonly file: string;
  readonly fragment: Fragment;
  /** Warnings about parts of its texts that YAML drops without an error. */
  readonly losses: readonly Problem[];
  /** False when the file could not be parsed: the names that it declares are not known. */
  readonly isParsed: boolean;
  /** Fingerprint of the text and of the values of its references. */
  readonly stamp: string;
  /** Files that its references name, absolute. */
  readonly secretFiles: readonly string[];
  /** Source line of a problem with secrets masked; undefined when it has none. */
  excerpt(problem: Problem): Excerpt | undefined;
  /** Source line of a problem for readers who may not see the file: undefined where a secret could be in it. */
  publicExcerpt(problem: Problem): Excerpt | undefined;
  /** Its content with the references as written; undefined when it cannot be parsed. */
  readonly written: unknown;
  /** Its rules as written, in order; none of a file that does not load. */
  readonly ruleSources: readonly RuleSource[];
}

const NO_CONTENT: Omit<Fragment, 'file' | 'problems'> = {
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

/** A rules file and its text. */
export interface RulesText {
  readonly file: string;
  readonly text: string;
}

/** Text and parse result of a file that was read earlier, for its location settings. */
export interface EarlierText {
  readonly text: string;
  readonly parsed: ParsedText;
}

/**
 * Reads and compiles a file. Returns `before`, the last result, when nothing changed. The result of an `earlier` parse is used
 * when the text is the same.
 */
export async function loadFile(
  file: string,
  deps: LoadDeps,
  before?: LoadedFile,
  earlier?: EarlierText,
): Promise<LoadedFile> {
  const read = await readRulesFile(file, path.resolve(deps.cwd ?? '', file));
  if (!read.ok) {
    const stamp = deps.tools.fingerprint(
      `unreadable ${JSON.stringify(read.problem)} ${read.bytes?.toString('base64') ?? ''}`,
    );
    if (before?.stamp === stamp) return before;
    return {
      file,
      fragment: { ...NO_CONTENT, file, problems: [read.problem] },
      losses: [],
      isParsed: false,
      stamp,
      secretFiles: [],
      excerpt: () => undefined,
      publicExcerpt: () => undefined,
      written: undefined,
      ruleSources: [],
    };
  }
  const known = before instanceof ParsedFile && before.text === read.text ? before : undefined;
  const entries = before instanceof ParsedFile && before.parsed.ok ? before.parsed.entries : undefined;
  const same = known ?? (earlier?.text === read.text ? earlier : undefined);
  const parsed = same?.parsed ?? (await parseFile(read.text, entries));
  return await compileFile(file, read.text, parsed, deps, known, before?.fragment);
}

/**
 * Compiles a text as the content of a file that may have another content now. Returns `before` when it has this text; otherwise its
 * unchanged entries are not compiled again.
 */
export async function loadText({ file, text }: RulesText, deps: LoadDeps, before?: LoadedFile): Promise<LoadedFile> {
  const present = before instanceof ParsedFile ? before : undefined;
  if (present?.text === text) return present;
  const parsed = await parseFile(text, present?.parsed.ok ? present.parsed.entries : undefined);
  return await compileFile(file, text, parsed, deps, undefined, before?.fragment);
}

/** Texts of files that were loaded without a problem. */
export function textsOf(files: Iterable<LoadedFile>): readonly RulesText[] {
  return [...files].filter((file) => file instanceof ParsedFile);
}

async function compileFile(
  file: string,
  text: string,
  parsed: ParsedText,
  deps: LoadDeps,
  known: ParsedFile | undefined,
  before: Fragment | undefined,
): Promise<LoadedFile> {
  const scope = scopeOf(file, deps);
  const found = await lookUpAll(parsed.ok ? referencesIn(parsed.data) : [], scope);
  const { plugins } = deps.tools;
  const stamp = deps.tools.fingerprint(JSON.stringify([text, [...found], ...(plugins === undefined ? [] : [plugins])]));
  if (known?.stamp === stamp) return known;
  const secrets = parsed.ok ? secretReferencesIn(parsed.data) : [];
  for (const body of secrets) {
    const lookup = found.get(body)!;
    if ('value' in lookup) deps.scrubber.add({ value: lookup.value, role: 'reference', name: '' });
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
      fragment: { ...NO_CONTENT, file, problems: inOrder(problems) },
      losses: [],
      ranges: [],
    });
  }
  const fragment = await compileParsed({ file, text, lines, parsed, found, absolute: absoluteIn(scope) }, deps, before);
  for (const secret of fragment.secrets) deps.scrubber.add(secret);
  const ranges = [...fragment.masked]
    .map((pointer) => parsed.rangeOf(pointer))
    .flatMap(({ range, exact }) => (exact ? writtenParts(text, range) : []));
  const losses = (await lossesOf(text)).map(({ offset, ...issue }) => ({ file, ...lines.position(offset), ...issue }));
  return new ParsedFile({ file, text, parsed, stamp, found, lines, fragment, losses: inOrder(losses), ranges });
}

/** Matches an anchor, or a `#` directly before a word. */
const LOSSY = /[^\s#][ \t]+#[^\s#]|[:,[-][ \t]+&\w/;

async function lossesOf(text: string): Promise<readonly Issue[]> {
  const parsed = LOSSY.test(text) ? await parseText(text) : undefined;
  return parsed?.ok === true ? parsed.losses : [];
}

/** Scope of the references of a file. Its folder is that of the path of the file, also when the file is a link. */
export function scopeOf(
  file: string,
  { env, readsFiles = true, cwd = '' }: Pick<LoadDeps, 'env' | 'readsFiles' | 'cwd'>,
): ReferenceScope {
  return { env, readsFiles, base: path.dirname(path.resolve(cwd, file)) };
}

/** Returns a function that resolves the paths in a file. */
export function absoluteIn({ base }: ReferenceScope): (file: string) => string {
  return (file) => path.resolve(base, expandHome(file));
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

interface ParsedFields {
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
  #ruleSources: readonly RuleSource[] | undefined;

  constructor({ file, text, parsed, stamp, found, lines, fragment, losses, ranges }: ParsedFields) {
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

  get isParsed(): boolean {
    return this.parsed.ok;
  }

  excerpt({ line, column }: Problem): Excerpt | undefined {
    if (this.parsed.ok) return maskLine(this.#lines, line, column, this.#ranges);
    return maskSuspicious(this.#lines, line, column);
  }
  publicExcerpt(problem: Problem): Excerpt | undefined {
    const isRule = isInRules(this.#lines, problem.line);
    if (!isRule && !this.parsed.ok) return undefined;
    const shown = this.excerpt(problem);
    return isRule || shown === undefined ? shown : withoutComment(shown);
  }

  get written(): unknown {
    return this.parsed.ok ? this.parsed.data : undefined;
  }

  get ruleSources(): readonly RuleSource[] {
    this.#ruleSources ??= this.#writtenRules();
    return this.#ruleSources;
  }

  #writtenRules(): readonly RuleSource[] {
    const { parsed, file, text, fragment } = this;
    const entries = parsed.ok && isObject(parsed.data) ? parsed.data.rules : undefined;
    if (!parsed.ok || fragment.problems.length > 0 || !Array.isArray(entries)) return [];
    const written = { text, lines: this.#lines, masked: this.#ranges };
    return fragment.rules.map(({ name }, index) => ({
      name,
      file,
      entry: entries[index] as RuleSource['entry'],
      get line() {
        return lineOfEntry(written, parsed.rangeOfRule(index));
      },
      get text() {
        return textOfEntry(written, parsed.rangeOfRule(index));
      },
    }));
  }
}
