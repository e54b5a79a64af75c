import { createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeAtomically } from '../lib/atomic-file.ts';
import type { Token } from '../core/ruleset.ts';
import type { StatePaths } from './paths.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Fingerprints of settings are stored, so they are keyed: without the key nobody can try passwords against them. Reading
 * touches nothing; `keep` writes a fresh key, and is called only once the configuration is known to be good.
 */
export function fingerprintKey(paths: StatePaths): { hash: (text: string) => string; keep: () => Promise<void> } {
  const kept = existsSync(paths.key);
  const key = kept ? readKept(paths.key) : randomBytes(32);
  return {
    hash: (text) => createHmac('sha256', key).update(text).digest('hex'),
    keep: async () => {
      if (!kept) await writeAtomically(paths.key, key, 0o600);
    },
  };
}

/** With no token configured one of scope `admin` is made at first start and kept in `<state>/token`. */
export async function firstToken(paths: StatePaths): Promise<Token> {
  if (!existsSync(paths.token))
    await writeAtomically(paths.token, `blf_${randomBytes(24).toString('base64url')}\n`, 0o600);
  return { name: 'first', hash: sha256(readKept(paths.token).toString('utf8').trim()), scopes: ['admin'] };
}

/** An error of reading, unlike one of opening, does not name the file by itself. */
function readKept(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw Object.assign(error as Error, { path: file });
  }
}
