import { CompileContext } from '../core/compile/context.ts';
import { isObject } from '../core/values/json.ts';
import { joinPointer } from '../core/values/pointer.ts';
import { daemonSchema } from '../core/schema/sections/daemon.ts';
import { listRulesFiles, readRulesFile } from './files.ts';
import { absoluteIn, type EarlierText, type LoadParts, scopeOf } from './load.ts';
import { parseFile } from './yaml/parse-file.ts';
import { lookUpAll, referencesIn, replaceReferences } from './references.ts';

/** The settings of `daemon:` that say where a daemon is. */
export interface Places {
  readonly state?: string;
  readonly socket?: string;
}

export interface ReadPlaces {
  readonly places: Places;
  /** False when a file cannot be read or a place is not known: then `places` need not be those of a running daemon. */
  readonly certain: boolean;
  /** The files as they were parsed, so that whoever loads them need not parse them again. */
  readonly texts: ReadonlyMap<string, EarlierText>;
}

const NAMES = ['state', 'socket'] as const;

/**
 * Reads where the daemon is by the same parse, references and schema as all settings, but nothing else of the rules is
 * compiled: whoever asks for `belfry status` need not have the secrets that the rules refer to.
 */
export async function readPlaces(root: string, env: LoadParts['env']): Promise<ReadPlaces> {
  const { files, problems } = await listRulesFiles(root);
  const texts = new Map<string, EarlierText>();
  const found: Places[] = [];
  let certain = problems.length === 0 && files.length > 0;
  for (const file of files) {
    const read = await readRulesFile(file);
    const parsed = read.ok ? await parseFile(read.text) : undefined;
    if (read.ok && parsed !== undefined) texts.set(file, { text: read.text, parsed });
    if (parsed?.ok !== true) certain = false;
    else if (isObject(parsed.data) && parsed.data.daemon !== undefined && parsed.data.daemon !== null) {
      const places = await placesOf(parsed.data.daemon, file, env);
      if (places === undefined) certain = false;
      else found.push(places.told);
      certain &&= places?.all === true;
    }
  }
  return { places: found[0] ?? {}, certain: certain && found.length < 2, texts };
}

/** `all`: each of them that is set is known. */
async function placesOf(
  daemon: unknown,
  file: string,
  env: LoadParts['env'],
): Promise<{ readonly told: Places; readonly all: boolean } | undefined> {
  if (!isObject(daemon)) return undefined;
  const given = NAMES.filter((name) => Object.hasOwn(daemon, name));
  const told = await Promise.all(given.map(async (name) => placeOf(name, daemon[name], file, env)));
  return { told: Object.assign({}, ...told) as Places, all: told.every((place) => place !== undefined) };
}

async function placeOf(
  name: (typeof NAMES)[number],
  value: unknown,
  file: string,
  env: LoadParts['env'],
): Promise<Places | undefined> {
  const scope = scopeOf(file, { env });
  const written = { daemon: { [name]: value } };
  const { data, referenced, issues } = replaceReferences(written, await lookUpAll(referencesIn(written), scope));
  if (issues.length > 0) return undefined;
  const draft = new CompileContext({
    file,
    data,
    referenced: (pointer) => referenced.has(pointer),
    locate: () => ({ line: 1, column: 1 }),
    absolute: absoluteIn(scope),
  });
  const settings = draft.settings(daemonSchema, (data as typeof written).daemon, joinPointer('', 'daemon'), '`daemon`');
  return settings && { [name]: settings[name] };
}
