import { createHash } from 'node:crypto';
import { ARCHIVE_END, memberHead, padding } from '../../lib/files/tar/write.ts';

/** First member of a backup. */
export const HEAD = 'belfry-backup.json';
/** Last member of a backup: a file without it is torn. */
export const MANIFEST = 'manifest.json';
export const FORMAT = 'belfry-backup';
/** Version of the form of a backup, one higher with every change that an earlier program cannot read. */
export const FORMAT_VERSION = 1;

/** Content of the first member. */
export interface BackupHead {
  readonly format: string;
  readonly version: number;
  /** Version of the program that made it. */
  readonly belfry: string;
  /** RFC 3339; everything that was answered before is in the backup. */
  readonly created_at: string;
  /** State directory that was copied. */
  readonly state: string;
}

/** Content of the last member. */
export interface BackupManifest {
  /** Version of the tables of the store. */
  readonly schema: number;
  readonly members: readonly BackupMember[];
  /** Files of the state directory that could not be read, or that Belfry does not know. */
  readonly left_out: readonly LeftOut[];
}

export interface BackupMember {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

/** Writes a backup as blocks of a tar archive, and notes each member for the manifest. */
export class ArchiveWriter {
  readonly #mtime: number;
  readonly #members: BackupMember[] = [];

  /** `now`: milliseconds since the epoch. */
  constructor(now: number) {
    this.#mtime = Math.floor(now / 1000);
  }

  get members(): readonly BackupMember[] {
    return this.#members;
  }

  /** A member whose content comes in blocks. Rejects if they are not `size` bytes together. */
  async *add(name: string, size: number, blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    yield memberHead(name, size, this.#mtime);
    const hash = createHash('sha256');
    let written = 0;
    for await (const block of blocks) {
      hash.update(block);
      written += block.length;
      yield block;
    }
    if (written !== size) throw new Error(`${name}: ${written} bytes in place of ${size}`);
    yield padding(size);
    this.#members.push({ name, size, sha256: hash.digest('hex') });
  }

  /** A member whose content is in memory. */
  whole(name: string, content: Buffer): Buffer {
    this.#members.push({ name, size: content.length, sha256: createHash('sha256').update(content).digest('hex') });
    return this.#plain(name, content);
  }

  head(head: BackupHead): Buffer {
    return this.whole(HEAD, jsonOf(head));
  }

  /** The manifest and the end of the archive. */
  end(manifest: Omit<BackupManifest, 'members'>): Buffer {
    return Buffer.concat([this.#plain(MANIFEST, jsonOf({ ...manifest, members: this.#members })), ARCHIVE_END]);
  }

  #plain(name: string, content: Buffer): Buffer {
    return Buffer.concat([memberHead(name, content.length, this.#mtime), content, padding(content.length)]);
  }
}

function jsonOf(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`);
}
