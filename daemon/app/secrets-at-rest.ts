import { createHash, createHmac, randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import type { Token } from '../core/ruleset.ts';
import { BelfryError, EXIT } from '../core/problems/failure.ts';
import { writeAtomically } from '../lib/files/atomic-file.ts';
import { NotRegularFile, readRegularFile } from '../lib/files/regular-file.ts';
import type { StatePaths } from './paths.ts';

const OWNER_ONLY = 0o600;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Fingerprints of settings are stored, so they are keyed: without the key nobody can try passwords against them. Reading
 * touches nothing; `keep` writes a fresh key, and is called only once the configuration is known to be good.
 */
export async function fingerprintKey(
  paths: StatePaths,
): Promise<{ hash: (text: string) => string; keep: () => Promise<void> }> {
  const kept = await readSecret(paths.key);
  const key = kept ?? randomBytes(32);
  return {
    hash: (text) => createHmac('sha256', key).update(text).digest('hex'),
    keep: () => keepSecret(paths.key, kept, key),
  };
}

/** With no token configured one of scope `admin` is made at first start and kept in `<state>/token`. */
export async function firstToken(paths: StatePaths): Promise<Token> {
  const kept = await readSecret(paths.token);
  const token = kept ?? Buffer.from(`blf_${randomBytes(24).toString('base64url')}\n`);
  await keepSecret(paths.token, kept, token);
  return { name: 'first', hash: sha256(token.toString('utf8').trim()), scopes: ['admin'] };
}

/** undefined: there is none, or nothing in it. Rejects with `state.unusable` (exit 78), never waits on a FIFO. */
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
      `the state directory cannot be used: ${cause.message}; move it away, it is made anew`,
      { exit: EXIT.config, cause },
    );
  }
}

/** Writes it where it is new, and takes others' permissions to read it away where it is not. */
async function keepSecret(file: string, kept: Buffer | undefined, content: Buffer): Promise<void> {
  if (kept === undefined) await writeAtomically(file, content, OWNER_ONLY);
  else await chmod(file, OWNER_ONLY);
}
