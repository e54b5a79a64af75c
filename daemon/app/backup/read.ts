import { createHash, type Hash } from 'node:crypto';
import { read } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { isObject } from '../../core/values/json.ts';
import { readTar, TarError } from '../../lib/files/tar/read.ts';
import { DATABASE_FILE } from '../../store/sqlite/disk/files.ts';
import { SCHEMA_VERSION } from '../../store/sqlite/engine/schema.ts';
import { stateFileOf } from '../state/state-files.ts';
import {
  type BackupHead,
  type BackupManifest,
  type BackupMember,
  FORMAT,
  FORMAT_VERSION,
  HEAD,
  MANIFEST,
} from './archive.ts';

/** A backup that is complete and unchanged. */
export interface ReadBackup {
  readonly head: BackupHead;
  readonly manifest: BackupManifest;
}

/** Open file; the caller closes it. */
export interface OpenFile {
  readonly fd: number;
}

/** Receives the content of a member that belongs to the state directory. */
export interface MemberSink {
  write(block: Buffer): Promise<unknown>;
  end(): Promise<void>;
}

export type OpenSink = (name: string) => Promise<MemberSink>;

/** Bound for the first and the last member, which are kept in memory. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;
const GZIP_MAGIC = 0x1f8b;

/**
 * Reads a backup from an open file, compressed or not. Rejects with `backup.foreign`, `backup.torn`, `backup.damaged` or
 * `backup.newer` (exit 78). `name` is that of the file, for messages.
 */
export async function readBackup(file: OpenFile, name: string, open?: OpenSink): Promise<ReadBackup> {
  try {
    return await new Reader(open).read(await bytesOf(file));
  } catch (error) {
    if (error instanceof BelfryError)
      throw new BelfryError(error.code, `${name} ${error.message}`, { exit: error.exit });
    if (error instanceof TarError) throw refusal(error.kind, `${name} ${TEXTS[error.kind]}: ${error.message}`);
    const zlib = ZLIB_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
    if (zlib !== undefined) throw refusal(zlib, `${name} ${TEXTS[zlib]}: ${(error as Error).message}`);
    throw error;
  }
}

type Refused = 'torn' | 'foreign' | 'damaged';

const TEXTS: Readonly<Record<Refused, string>> = {
  torn: 'is a torn backup, so nothing of it is used',
  foreign: 'is not a backup of Belfry',
  damaged: 'is a damaged backup, so nothing of it is used',
};

const ZLIB_ERRORS: Readonly<Record<string, Refused>> = { Z_BUF_ERROR: 'torn', Z_DATA_ERROR: 'damaged' };

function refusal(kind: Refused, message: string): BelfryError {
  return new BelfryError(`backup.${kind}`, message, { exit: EXIT.failed });
}

function damaged(what: string): BelfryError {
  return refusal('damaged', `${TEXTS.damaged}: ${what}`);
}

async function bytesOf({ fd }: OpenFile): Promise<AsyncIterable<Buffer>> {
  const { buffer, bytesRead } = await promisify(read)(fd, Buffer.alloc(2), 0, 2, 0);
  if (bytesRead < 2 || buffer.readUInt16BE() !== GZIP_MAGIC) return blocksFrom(fd);
  // An error of either stream ends both, and the reader gets it.
  return pipeline(Readable.from(blocksFrom(fd)), createGunzip(), () => undefined) as AsyncIterable<Buffer>;
}

const READ_BYTES = 256 * 1024;

/** Content of an open file. A stream of Node would close the file when its reader stops early, and the caller again. */
async function* blocksFrom(fd: number): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { buffer, bytesRead } = await promisify(read)(fd, Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** Member that is being read. */
interface Current {
  readonly name: string;
  readonly size: number;
  readonly hash: Hash;
  readonly sink: MemberSink | undefined;
  /** Content of the first and the last member. */
  readonly json: Buffer[] | undefined;
}

class Reader {
  readonly #open: OpenSink | undefined;
  readonly #members = new Map<string, BackupMember>();
  #head: BackupHead | undefined;
  #manifest: BackupManifest | undefined;
  #current: Current | undefined;

  constructor(open: OpenSink | undefined) {
    this.#open = open;
  }

  async read(bytes: AsyncIterable<Buffer>): Promise<ReadBackup> {
    try {
      for await (const part of readTar(bytes)) {
        if (part.kind === 'content') await this.#take(part.bytes);
        else {
          await this.#endMember();
          this.#current = await this.#begin(part);
        }
      }
      await this.#endMember();
    } finally {
      await this.#current?.sink?.end();
    }
    if (this.#head === undefined) throw refusal('foreign', TEXTS.foreign);
    if (this.#manifest === undefined) throw refusal('torn', `${TEXTS.torn}: it has no ${MANIFEST} at its end`);
    this.#compare(this.#manifest);
    if (this.#manifest.schema > SCHEMA_VERSION) throw newer(this.#head, `tables ${this.#manifest.schema}`);
    return { head: this.#head, manifest: this.#manifest };
  }

  async #begin({ name, size, type }: { name: string; size: number; type: string }): Promise<Current> {
    const hash = createHash('sha256');
    if (this.#members.size === 0 && name !== HEAD)
      throw refusal('foreign', `${TEXTS.foreign}: it does not begin with ${HEAD}`);
    if (this.#manifest !== undefined) throw damaged(`it has a member after ${MANIFEST}`);
    if (type !== '0') throw damaged(`${JSON.stringify(name)} is not a regular file`);
    if (name === HEAD || name === MANIFEST) {
      if (size > MAX_JSON_BYTES) throw damaged(`${name} is too large`);
      return { name, size, hash, sink: undefined, json: [] };
    }
    if (stateFileOf(name)?.isCopied !== true)
      throw damaged(`it has a member ${JSON.stringify(name)}, which no backup has`);
    if (this.#members.has(name)) throw damaged(`it has the member ${JSON.stringify(name)} twice`);
    return { name, size, hash, sink: await this.#open?.(name), json: undefined };
  }

  async #take(block: Buffer): Promise<void> {
    const { hash, sink, json } = this.#current!;
    hash.update(block);
    json?.push(Buffer.from(block));
    await sink?.write(block);
  }

  async #endMember(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    await current.sink?.end();
    const { name, size, hash, json } = current;
    if (name === MANIFEST) this.#manifest = manifestOf(json!);
    else this.#members.set(name, { name, size, sha256: hash.digest('hex') });
    if (name === HEAD) this.#head = headOf(json!);
  }

  #compare({ members }: BackupManifest): void {
    const wanted = new Map(members.map((member) => [member.name, member]));
    for (const { name, size, sha256 } of this.#members.values()) {
      const member = wanted.get(name);
      if (member?.sha256 !== sha256 || member.size !== size) throw damaged(`${name} is not as it was written`);
    }
    if (wanted.size !== this.#members.size) throw damaged('a member is missing');
    if (!wanted.has(DATABASE_FILE)) throw damaged(`${DATABASE_FILE} is missing`);
  }
}

function parsed(json: readonly Buffer[], name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.concat(json).toString('utf8'));
    if (isObject(value)) return value;
  } catch {
    // Reported below.
  }
  throw damaged(`${name} cannot be read`);
}

function headOf(json: readonly Buffer[]): BackupHead {
  const head = parsed(json, HEAD);
  if (head.format !== FORMAT || typeof head.version !== 'number') throw refusal('foreign', TEXTS.foreign);
  if (head.version <= FORMAT_VERSION) return head as unknown as BackupHead;
  throw newer(head, `format ${head.version}`);
}

function newer({ belfry }: { readonly belfry?: unknown }, what: string): BelfryError {
  return new BelfryError(
    'backup.newer',
    `was made by a newer version (belfry ${String(belfry)}, ${what}); restore it with that version, nothing was touched`,
    { exit: EXIT.config },
  );
}

function manifestOf(json: readonly Buffer[]): BackupManifest {
  const manifest = parsed(json, MANIFEST);
  const areNamed = (value: unknown): boolean =>
    Array.isArray(value) && value.every((entry) => isObject(entry) && typeof entry.name === 'string');
  if (typeof manifest.schema !== 'number' || !areNamed(manifest.members) || !areNamed(manifest.left_out))
    throw damaged(`${MANIFEST} cannot be read`);
  return manifest as unknown as BackupManifest;
}
