import { createHmac, randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import type { Token } from '../../core/ruleset.ts';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { writeAtomically } from '../../lib/files/atomic-file.ts';
import { NotRegularFile, readRegularFile } from '../../lib/files/regular-file.ts';
import { sha256 } from '../../lib/sha256.ts';
import type { StatePaths } from './paths.ts';

const OWNER_ONLY = 0o600;

/**
 * Key of the fingerprints of settings. Fingerprints are stored; without a key, passwords could be guessed from them. Reading changes
 * nothing. `keep` writes a new key; the caller calls it once the rules are known to be valid.
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
