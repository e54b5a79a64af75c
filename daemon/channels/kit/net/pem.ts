import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';

/** Value of a PEM setting: the text itself, or the absolute path of a file with it. */
export type Pem = Secret;

const isText = (value: string): boolean => value.includes('-----BEGIN ');

/** Reads a PEM setting when the rules load. */
export function pemNow(pem: Pem): { readonly text: string } | { readonly message: string; readonly mend: string } {
  const value = pem.reveal();
  if (isText(value)) return { text: value };
  try {
    return { text: readFileSync(value, 'utf8') };
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'this file does not exist' : `this file cannot be read (${code})`;
    return { message, mend: 'correct the path or its permissions, or give the text of the PEM file' };
  }
}

/** Field of an endpoint for the authorities in the setting `ca`. */
export function trusted(ca: Pem | undefined): { readonly ca?: string } {
  const read = ca === undefined ? undefined : pemNow(ca);
  return read !== undefined && 'text' in read ? { ca: read.text } : {};
}

/** Reads a PEM setting once. Rejects with a `SendFailure` if its file cannot be read. */
export const readPem = (pem: Pem): Promise<string> => new PemReader().read(pem);

/** Reads PEM settings for connections. A file is read for each connection, so that a renewed certificate needs no reload. */
export class PemReader {
  /** Latest texts, which are used while a file is being replaced. */
  readonly #texts = new Map<Pem, string>();

  /** Rejects with a `SendFailure` if the file cannot be read and never could be. */
  async read(pem: Pem): Promise<string> {
    const value = pem.reveal();
    if (isText(value)) return value;
    try {
      const text = await readFile(value, 'utf8');
      if (isText(text)) this.#texts.set(pem, text);
    } catch {
      // Reported below, unless there is an earlier text.
    }
    const text = this.#texts.get(pem);
    if (text !== undefined) return text;
    const message = 'a PEM file of the settings cannot be read';
    throw new SendFailure('permanent', 'tls.no_file', message, { misconfigured: true });
  }
}
