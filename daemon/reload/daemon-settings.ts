import { CompileContext } from '../core/compile/context.ts';
import { isObject } from '../core/values/json.ts';
import { joinPointer } from '../core/values/pointer.ts';
import { daemonSchema } from '../core/schema/sections/daemon.ts';
import { listRulesFiles, readRulesFile } from './files.ts';
import { absoluteIn, type EarlierText, type LoadDeps, scopeOf } from './load.ts';
import { parseLoosely } from './yaml/parse.ts';
import { parseFile } from './yaml/parse-file.ts';
import { lookUpAll, referencesIn, replaceReferences } from './references.ts';

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
  const scope = scopeOf(file, { env });
  const written = { daemon: { [name]: value } };
  const { data, referenced, issues } = replaceReferences(written, await lookUpAll(referencesIn(written), scope));
  if (issues.length > 0) return undefined;
  const context = new CompileContext({
    file,
    data,
    referenced: (pointer) => referenced.has(pointer),
    locate: () => ({ line: 1, column: 1 }),
    absolute: absoluteIn(scope),
  });
  const settings = context.settings(
    daemonSchema,
    (data as typeof written).daemon,
    joinPointer('', 'daemon'),
    '`daemon`',
  );
  return settings && { [name]: settings[name] };
}
