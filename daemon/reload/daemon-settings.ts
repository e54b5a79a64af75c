import { CompileContext, type RuleDocument } from '../core/compile/context.ts';
import { checkStore, compiledStore } from '../core/compile/sections/store.ts';
import type { Problem } from '../core/problems/failure.ts';
import type { StoreSettings } from '../core/ruleset.ts';
import { isObject } from '../core/values/json.ts';
import { type DaemonFileSettings, daemonSchema } from '../core/schema/sections/daemon.ts';
import type { GivenSecret } from '../lib/secrets/secret.ts';
import { listRulesFiles, readRulesFile } from './files.ts';
import { absoluteIn, type EarlierText, type LoadDeps, scopeOf } from './load.ts';
import { parseLoosely } from './yaml/parse.ts';
import { parseFile } from './yaml/parse-file.ts';
import { lookUpAll, referencesIn, replaceReferences } from './references.ts';
import { Lines, locate } from './text/locate.ts';

/** Settings of `daemon:` by which a running daemon is found. */
export interface LocationSettings {
  readonly state?: string;
  readonly socket?: string;
}

export interface ReadDaemonSettings {
  readonly settings: LocationSettings;
  /** False when a file or a setting cannot be read; a running daemon may then have other settings. */
  readonly certain: boolean;
  /** The parsed files, so that loading them does not parse them again. */
  readonly texts: ReadonlyMap<string, EarlierText>;
}

const NAMES = ['state', 'socket'] as const;

/**
 * Reads the location settings with the parser, references and schema of all settings. Compiles nothing else, so `belfry status`
 * works without the secrets to which the rules refer.
 */
export async function readDaemonSettings(root: string, env: LoadDeps['env']): Promise<ReadDaemonSettings> {
  const { files, problems } = await listRulesFiles(root);
  const texts = new Map<string, EarlierText>();
  const found: LocationSettings[] = [];
  let certain = problems.length === 0 && files.length > 0;
  for (const file of files) {
    const read = await readRulesFile(file);
    const parsed = read.ok ? await parseFile(read.text) : undefined;
    if (read.ok && parsed !== undefined) texts.set(file, { text: read.text, parsed });
    if (parsed?.ok !== true) certain = false;
    else if (isObject(parsed.data) && parsed.data.daemon !== undefined && parsed.data.daemon !== null) {
      const section = await settingsOf(parsed.data.daemon, file, env);
      if (section === undefined) certain = false;
      else found.push(section.settings);
      certain &&= section?.complete === true;
    }
  }
  return { settings: found[0] ?? {}, certain: certain && found.length < 2, texts };
}

/**
 * State directories that the files may name, when `readDaemonSettings` is not certain: also from files that do not parse, as far as
 * they can be read. Each is only a guess, to be confirmed by what is found there.
 */
export async function guessStates(root: string, env: LoadDeps['env']): Promise<readonly string[]> {
  const found: string[] = [];
  for (const file of (await listRulesFiles(root)).files) {
    const read = await readRulesFile(file);
    const data = read.ok ? parseLoosely(read.text) : undefined;
    const section = isObject(data) ? await settingsOf(data.daemon, file, env) : undefined;
    if (section?.settings.state !== undefined) found.push(section.settings.state);
  }
  return found;
}

/** Undefined when the section is not a map. `complete`: each location setting that is set has a valid value. */
async function settingsOf(
  daemon: unknown,
  file: string,
  env: LoadDeps['env'],
): Promise<{ readonly settings: LocationSettings; readonly complete: boolean } | undefined> {
  if (!isObject(daemon)) return undefined;
  const given = NAMES.filter((name) => Object.hasOwn(daemon, name));
  const read = await Promise.all(given.map(async (name) => settingOf(name, daemon[name], file, env)));
  return {
    settings: Object.assign({}, ...read) as LocationSettings,
    complete: read.every((setting) => setting !== undefined),
  };
}

async function settingOf(
  name: (typeof NAMES)[number],
  value: unknown,
  file: string,
  env: LoadDeps['env'],
): Promise<LocationSettings | undefined> {
  const { settings } = await partOf({ [name]: value }, { file, env, locate: () => ({ line: 1, column: 1 }) });
  return settings && { [name]: settings[name] };
}

/** `daemon.store`, for commands that need it without the other settings. */
export interface ReadStoreSettings {
  /** Undefined when it cannot be read. */
  readonly type: StoreSettings['type'] | undefined;
  /** Undefined when it has a problem, such as a reference without a value. */
  readonly store: StoreSettings | undefined;
  readonly problems: readonly Problem[];
  readonly secrets: readonly GivenSecret[];
}

/** Whether a file may have the key `store`, also written with escapes. Most have not, and a large one takes a second to parse. */
const mayNameStore = (text: string): boolean => text.includes('store') || /\\[uUx]/.test(text);

/** Reads `daemon.store` from the file that sets it. Compiles nothing else, so no other secret is needed. */
export async function readStoreSettings(root: string, env: LoadDeps['env']): Promise<ReadStoreSettings> {
  const { files, problems } = await listRulesFiles(root);
  const found: Problem[] = [...problems];
  for (const file of files) {
    const read = await readRulesFile(file);
    if (!read.ok) {
      found.push(read.problem);
      continue;
    }
    const { text } = read;
    if (!mayNameStore(text)) continue;
    const lines = new Lines(text);
    const parsed = await parseFile(text);
    if (!parsed.ok) {
      found.push(...parsed.issues.map(({ offset, ...issue }) => ({ file, ...lines.position(offset), ...issue })));
      continue;
    }
    const daemon = isObject(parsed.data) ? parsed.data.daemon : undefined;
    if (!isObject(daemon) || daemon.store === undefined) continue;
    const place: PartDeps['locate'] = (pointer, at, offset) => locate(text, lines, parsed.rangeOf(pointer), at, offset);
    return storeOf(daemon.store, { file, env, locate: place });
  }
  return found.length > 0 || files.length === 0
    ? { type: undefined, store: undefined, problems: found, secrets: [] }
    : { type: 'sqlite', store: { type: 'sqlite' }, problems: [], secrets: [] };
}

async function storeOf(given: unknown, deps: PartDeps): Promise<ReadStoreSettings> {
  const check: PartDeps['check'] = ({ store }, context) => checkStore(store, context);
  const { settings, problems, secrets } = await partOf({ store: given }, { ...deps, check });
  // The caller compares no settings, so it needs no fingerprint.
  const store = settings && compiledStore(settings.store, { fingerprint: () => '' });
  const written = isObject(given) ? given.type : undefined;
  const type = store?.type ?? (written === 'sqlite' || written === 'postgres' ? written : undefined);
  return { type, store, problems, secrets };
}

interface PartDeps {
  readonly file: string;
  readonly env: LoadDeps['env'];
  readonly locate: RuleDocument['locate'];
  /** Checks what a schema cannot express. */
  readonly check?: (settings: DaemonFileSettings, context: CompileContext) => void;
}

interface Part {
  /** Undefined when there is a problem. */
  readonly settings: DaemonFileSettings | undefined;
  readonly problems: readonly Problem[];
  readonly secrets: readonly GivenSecret[];
}

/** Resolves, checks and decodes some settings of `daemon`. Of settings with a reference that has no value only this is a problem. */
async function partOf(
  daemon: Readonly<Record<string, unknown>>,
  { file, env, locate: place, check }: PartDeps,
): Promise<Part> {
  const scope = scopeOf(file, { env });
  const written = { daemon };
  const { data, referenced, issues } = replaceReferences(written, await lookUpAll(referencesIn(written), scope));
  if (issues.length > 0) {
    const problems = issues.map(({ pointer, offset, code, message, mend }) => ({
      file,
      ...place(pointer, 'value', offset),
      code,
      message,
      mend,
    }));
    return { settings: undefined, problems, secrets: [] };
  }
  const context = new CompileContext({
    file,
    data,
    referenced: (pointer) => referenced.has(pointer),
    locate: place,
    absolute: absoluteIn(scope),
  });
  const settings = context.settings(daemonSchema, (data as typeof written).daemon, '/daemon', '`daemon`');
  if (settings !== undefined) check?.(settings, context);
  const { count, problems, secrets } = context;
  return { settings: count === 0 ? settings : undefined, problems, secrets };
}
