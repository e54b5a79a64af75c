import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import type { Token } from '../../core/ruleset.ts';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { writeAtomically } from '../../lib/files/atomic-file.ts';
import { NotRegularFile, readRegularFile } from '../../lib/files/regular-file.ts';
import { sha256 } from '../../lib/sha256.ts';
import type { StatePaths } from './paths.ts';

const OWNER_ONLY = 0o600;

/** Key of the state directory, for what is stored about secrets. */
export interface StateKey {
  /** Digest, in hex. Without the key, passwords could be guessed from stored digests. */
  readonly hash: (text: string) => string;
  /** Encrypts a text: initialization vector, tag, ciphertext (AES-256-GCM, NIST SP 800-38D). */
  readonly seal: (text: string) => Buffer;
  /** Decrypts a text; undefined when it was changed or encrypted with another key. */
  readonly unseal: (sealed: Buffer) => string | undefined;
  /** Key for another purpose, such as signatures; the same at each start. */
  readonly derive: (purpose: string) => Buffer;
  /** Writes a new key. The caller calls it once the rules are known to be valid. */
  readonly keep: () => Promise<void>;
}

const CIPHER = 'aes-256-gcm';
const VECTOR_BYTES = 12;
const TAG_BYTES = 16;

/** Bytes of an encrypted text. */
export const sealedSize = (text: string): number => VECTOR_BYTES + TAG_BYTES + Buffer.byteLength(text);

/** Reads the key, or makes a new one. Changes nothing. `shared`: the key of several instances, which is not kept here. */
export async function stateKey(paths: Pick<StatePaths, 'key'>, shared?: Buffer): Promise<StateKey> {
  const kept = shared ?? (await readSecret(paths.key));
  const key = kept ?? randomBytes(32);
  const hmac = (text: string) => createHmac('sha256', key).update(text);
  const encryption = hmac('encryption').digest();
  return {
    hash: (text) => hmac(text).digest('hex'),
    seal: (text) => sealWith(encryption, text),
    unseal: (sealed) => unsealWith(encryption, sealed),
    // No fingerprint hashes a text with NUL, so that none of them is a derived key.
    derive: (purpose) => hmac(`\0${purpose}`).digest(),
    keep: () => (shared === undefined ? keepSecret(paths.key, kept, key) : Promise.resolve()),
  };
}

function sealWith(key: Buffer, text: string): Buffer {
  const vector = randomBytes(VECTOR_BYTES);
  const cipher = createCipheriv(CIPHER, key, vector);
  const content = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([vector, cipher.getAuthTag(), content]);
}

function unsealWith(key: Buffer, sealed: Buffer): string | undefined {
  const head = VECTOR_BYTES + TAG_BYTES;
  if (sealed.length < head) return undefined;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, VECTOR_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(VECTOR_BYTES, head));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(head)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** Token of scope `admin` in `<state>/token`, for rules without tokens. The first start creates it. */
export async function firstToken(paths: StatePaths): Promise<Token> {
  const kept = await readSecret(paths.token);
  const token = kept ?? Buffer.from(`blf_${randomBytes(24).toString('base64url')}\n`);
  await keepSecret(paths.token, kept, token);
  return { name: 'first', hash: sha256(token.toString('utf8').trim()), scopes: ['admin'] };
}

/** Resolves to undefined if the file is missing or empty. Rejects with `state.unusable` (exit 78) if it is not a regular file; never waits on a FIFO. */
async function readSecret(file: string): Promise<Buffer | undefined> {
  try {
    const content = await readRegularFile(file);
    return content.toString('latin1').trim() === '' ? undefined : content;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (!(cause instanceof NotRegularFile)) throw cause;
    throw new BelfryError(
      'state.unusable',
      `the state directory cannot be used: ${cause.message}; move it away; Belfry makes a new one`,
      { exit: EXIT.config, cause },
    );
  }
}

/** Writes a new secret, or resets the mode of a present one to owner only. */
async function keepSecret(file: string, kept: Buffer | undefined, content: Buffer): Promise<void> {
  if (kept === undefined) await writeAtomically(file, content, OWNER_ONLY);
  else await chmod(file, OWNER_ONLY);
}
