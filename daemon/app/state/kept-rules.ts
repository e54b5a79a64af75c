import { constants } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../../core/values/json.ts';
import { syncFolder, writeAtomically } from '../../lib/files/atomic-file.ts';
import { makeFolder } from '../../lib/files/make-folder.ts';
import { openRegularFile, readRegularFile, statRegularFile } from '../../lib/files/regular-file.ts';
import type { Log } from '../../lib/log.ts';
import { messageOf, systemErrorText } from '../../lib/machine/system-error.ts';
import type { RulesText } from '../../reload/load.ts';
import { isSamePlace } from './daemon-record.ts';
import { type StateKey, sealedSize } from './secrets-at-rest.ts';

/** Texts of the rules that were live last, as they are kept in the state directory. */
export interface KeptTexts {
  /** Path of the rules directory or file. */
  readonly config: string;
  /** RFC 3339. */
  readonly keptAt: string;
  readonly files: readonly RulesText[];
}

/** `none`: there are no kept rules of this config. `unusable`: a file of them is missing, changed, or of another version. */
export type KeptRead =
  | { readonly kind: 'read'; readonly kept: KeptTexts }
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly file: string; readonly reason: string };

interface TextName {
  readonly path: string;
  readonly digest: string;
}

/** Form of `index.json`. */
interface Index {
  readonly format: number;
  readonly config: string;
  readonly kept_at: string;
  readonly files: readonly (TextName & { readonly bytes: number })[];
}

/** A text to be kept. */
type WantedText = TextName & Pick<RulesText, 'text'>;

type Unusable = Extract<KeptRead, { kind: 'unusable' }>;

const MISSING = 'it is missing';
const INCOMPLETE = 'it was changed, is incomplete, or was written with another key';

const FORMAT = 1;
const INDEX = 'index.json';
const OWNER_ONLY = 0o600;
/** Files that are written or examined at once. */
const MAX_PARALLEL = 8;

export interface KeptRulesDeps {
  readonly key: Pick<StateKey, 'hash' | 'seal' | 'unseal'>;
  /** Folder of the kept rules, in the state directory. */
  readonly folder: string;
  readonly config: string;
  /** Kept rules in the default state directory. Those of this config are removed: they are older than the ones in `folder`. */
  readonly outdated?: string;
  /** RFC 3339. */
  readonly now: () => string;
  /** Reason why nothing may be written, such as a full disk: the last bytes are for settling deliveries. */
  readonly refusing: () => string | undefined;
  readonly log: Log;
}

/**
 * The last good rules in the state directory, for a start with rules that do not load. Each text is a file that is named after its
 * keyed digest; `index.json` names the texts that belong together, and is replaced last. So a crash while they are written leaves the
 * earlier ones. Texts are encrypted, because rules may contain secrets as values and not as references.
 */
export class KeptRules {
  readonly #deps: KeptRulesDeps;
  readonly #digests = new WeakMap<RulesText, string>();
  /** Digests of the texts that are on disk, in the order of the index; undefined before the first save, and after a failure. */
  #present: readonly string[] | undefined;
  #wanted: readonly RulesText[] | undefined;
  #last: Promise<void> = Promise.resolve();
  #fault: string | undefined;

  constructor(deps: KeptRulesDeps) {
    this.#deps = deps;
  }

  /** Reason why the live rules are not kept, and its consequence. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Texts that are on disk; none if they cannot be used. */
  async read(): Promise<readonly RulesText[]> {
    const { folder, config, key } = this.#deps;
    const found = await readKeptRules(folder, config, key);
    return found.kind === 'read' ? found.kept.files : [];
  }

  /**
   * Writes texts that are not on disk yet. Resolves when they are durable, or when the failure is the fault; never rejects. Of several
   * calls during a save only the last one counts.
   */
  save(files: readonly RulesText[]): Promise<void> {
    this.#wanted = files;
    this.#last = this.#last.then(() => this.#saveWanted());
    return this.#last;
  }

  /** Saves again after a failure. Resolves when no save is running. */
  async retry(): Promise<void> {
    if (this.#fault !== undefined) this.#last = this.#last.then(() => this.#saveWanted());
    await this.#last;
  }

  /** Resolves when no save is running. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #saveWanted(): Promise<void> {
    const files = this.#wanted;
    if (files === undefined) return;
    this.#wanted = undefined;
    const { folder, config, outdated } = this.#deps;
    try {
      if (this.#present === undefined && outdated !== undefined) await forgetKeptRules(outdated, config);
      this.#present ??= await this.#presentDigests();
      const wanted = files.map((one) => ({ path: one.file, text: one.text, digest: this.#digestOf(one) }));
      if (!isSameList(this.#present, wanted)) await this.#write(wanted);
      this.#present = wanted.map(entryKey);
      this.#fault = undefined;
    } catch (error) {
      this.#wanted ??= files;
      this.#present = undefined;
      const why = systemErrorText(error) ?? messageOf(error);
      this.#fault = `the last good rules cannot be kept in ${folder}: ${why}; if the rules do not load at a start, it cannot use the rules in force now`;
    }
  }

  /** Entries of the index on disk, if its texts have their sizes; their content is checked when it is needed. An unusable index is replaced. */
  async #presentDigests(): Promise<readonly string[]> {
    const { folder, config, log } = this.#deps;
    const index = await readIndex(path.join(folder, INDEX));
    if (!('kind' in index) && !(await isSamePlace(index.config, config))) return [];
    const found = 'kind' in index ? index : await sizesIn(folder, index);
    if (found.kind === 'unusable')
      log.warn({ file: found.file, reason: found.reason }, 'the kept rules cannot be used; they are written again');
    return 'kind' in index || found.kind === 'unusable' ? [] : index.files.map(entryKey);
  }

  #digestOf(file: RulesText): string {
    const known = this.#digests.get(file);
    if (known !== undefined) return known;
    const digest = this.#deps.key.hash(file.text);
    this.#digests.set(file, digest);
    return digest;
  }

  async #write(files: readonly WantedText[]): Promise<void> {
    const { folder, config, key, now, refusing } = this.#deps;
    const refusal = refusing();
    if (refusal !== undefined) throw new Error(refusal);
    await makeFolder(folder);
    const known = new Set(this.#present?.map(digestOfKey));
    const fresh = new Map(files.filter((one) => !known.has(one.digest)).map((one) => [one.digest, one.text]));
    for (const some of chunksOf([...fresh], MAX_PARALLEL))
      await Promise.all(
        some.map(([digest, text]) => writeDurably(path.join(folder, textName(digest)), key.seal(text))),
      );
    await syncFolder(folder);
    const entries = files.map(({ text, ...entry }) => ({ ...entry, bytes: sealedSize(text) }));
    const index: Index = { format: FORMAT, config, kept_at: now(), files: entries };
    await writeAtomically(path.join(folder, INDEX), `${JSON.stringify(index, undefined, 1)}\n`, OWNER_ONLY);
    await removeOthers(folder, new Set([INDEX, ...files.map(({ digest }) => textName(digest))]));
  }
}

/** Whether a folder holds kept rules of this config, usable or not. */
export async function hasKeptRules(folder: string, config: string): Promise<boolean> {
  const index = await readIndex(path.join(folder, INDEX));
  return 'kind' in index ? index.kind === 'unusable' : await isSamePlace(index.config, config);
}

/** Reads the kept rules of a folder and checks each text. Changes nothing. */
export async function readKeptRules(
  folder: string,
  config: string,
  key: Pick<StateKey, 'hash' | 'unseal'>,
): Promise<KeptRead> {
  const index = await readIndex(path.join(folder, INDEX));
  if ('kind' in index) return index;
  if (!(await isSamePlace(index.config, config))) return { kind: 'none' };
  const files: RulesText[] = [];
  for (const entry of index.files) {
    const file = path.join(folder, textName(entry.digest));
    try {
      const text = key.unseal(await readRegularFile(file));
      if (text === undefined || key.hash(text) !== entry.digest) return { kind: 'unusable', file, reason: INCOMPLETE };
      files.push({ file: entry.path, text });
    } catch (error) {
      return { kind: 'unusable', file, reason: reasonOf(error) };
    }
  }
  return { kind: 'read', kept: { config: index.config, keptAt: index.kept_at, files } };
}

/** Compares the sizes of the texts with the index. */
async function sizesIn(folder: string, { files }: Index): Promise<{ readonly kind: 'ok' } | Unusable> {
  for (const some of chunksOf(files, MAX_PARALLEL)) {
    const found = await Promise.all(some.map((entry) => sizeFault(path.join(folder, textName(entry.digest)), entry)));
    const unusable = found.find((fault) => fault !== undefined);
    if (unusable !== undefined) return unusable;
  }
  return { kind: 'ok' };
}

async function sizeFault(file: string, { bytes }: { readonly bytes: number }): Promise<Unusable | undefined> {
  try {
    const size = (await statRegularFile(file))?.size;
    if (size === bytes) return undefined;
    return { kind: 'unusable', file, reason: size === undefined ? MISSING : INCOMPLETE };
  } catch (error) {
    return { kind: 'unusable', file, reason: reasonOf(error) };
  }
}

function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

async function readIndex(file: string): Promise<Index | Exclude<KeptRead, { kind: 'read' }>> {
  try {
    const value: unknown = JSON.parse((await readRegularFile(file)).toString('utf8'));
    if (isIndex(value)) return value;
    const isOther = isObject(value) && typeof value.format === 'number' && value.format !== FORMAT;
    return { kind: 'unusable', file, reason: isOther ? 'another version of Belfry wrote it' : 'it is no such index' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'none' };
    return { kind: 'unusable', file, reason: error instanceof SyntaxError ? 'it is no JSON' : reasonOf(error) };
  }
}

function isIndex(value: unknown): value is Index {
  return (
    isObject(value) &&
    value.format === FORMAT &&
    typeof value.config === 'string' &&
    typeof value.kept_at === 'string' &&
    Array.isArray(value.files) &&
    value.files.every(
      (entry) =>
        isObject(entry) &&
        typeof entry.path === 'string' &&
        typeof entry.bytes === 'number' &&
        /^[0-9a-f]{64}$/.test(String(entry.digest)),
    )
  );
}

/** Removes kept rules of a config that are out of date. Errors are ignored. */
async function forgetKeptRules(folder: string, config: string): Promise<void> {
  const index = await readIndex(path.join(folder, INDEX));
  if ('kind' in index || !(await isSamePlace(index.config, config))) return;
  await unlink(path.join(folder, INDEX)).catch(() => undefined);
  await removeOthers(folder, new Set()).catch(() => undefined);
}

const textName = (digest: string): string => `${digest}.sealed`;

const entryKey = (entry: TextName): string => `${entry.digest} ${entry.path}`;

const digestOfKey = (key: string): string => key.slice(0, key.indexOf(' '));

function isSameList(present: readonly string[], wanted: readonly TextName[]): boolean {
  return present.length === wanted.length && wanted.every((entry, index) => present[index] === entryKey(entry));
}

/** Writes an encrypted text. A partial one, after a crash, is not decrypted. */
async function writeDurably(file: string, text: Buffer): Promise<void> {
  const handle = await openRegularFile(file, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, OWNER_ONLY);
  try {
    await handle.writeFile(text);
    await handle.chmod(OWNER_ONLY);
    await handle.sync();
  } catch (error) {
    await unlink(file).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Removes texts that the index does not name, and the rest of a write that did not end. */
async function removeOthers(folder: string, named: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const isOwn = /^[0-9a-f]{64}\.sealed$/.test(name) || name.startsWith(`.${INDEX}.`);
    if (isOwn && !named.has(name)) await unlink(path.join(folder, name)).catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return MISSING;
  return systemErrorText(error) ?? messageOf(error);
}
