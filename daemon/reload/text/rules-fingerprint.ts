import { stableText } from '../../core/compile/entry.ts';
import { isObject } from '../../core/values/json.ts';
import { joinPointer } from '../../core/values/pointer.ts';
import { sha256 } from '../../lib/sha256.ts';
import type { LoadedFile } from '../load.ts';

/** Sections that must be equal where several instances run on one store; `daemon` is each instance's own. */
const SHARED_SECTIONS = ['sources', 'channels', 'hours', 'silences', 'rules'] as const;
const DIGITS = 16;
const REFERENCE = /\$\{([^}]*)\}/g;

/**
 * Digest of the sources, channels, hours, silences and rules of some files: equal on every machine, whatever the files are named, in
 * which file a part stands, and how it is laid out. References count as they are written. Other users may see the digest, so of a
 * secret only its references count, without their defaults.
 */
export function rulesFingerprint(files: Iterable<Pick<LoadedFile, 'written' | 'fragment'>>): string {
  const parts = [...files].flatMap(({ written, fragment: { masked } }) => partsOf(written, masked));
  return sha256(parts.sort().join('\n')).slice(0, DIGITS);
}

/** Each entry of each section as a text, with the defaults of its file. */
function partsOf(data: unknown, masked: ReadonlySet<string>): readonly string[] {
  if (!isObject(data)) return [];
  const defaults = withoutSecrets(data.defaults, '/defaults', masked) ?? null;
  return SHARED_SECTIONS.flatMap((section) => {
    const given = data[section];
    const entries = isObject(given) || Array.isArray(given) ? Object.entries(given) : [];
    return entries.map(([key, value]) => {
      const name = Array.isArray(given) ? null : key;
      const entry = withoutSecrets(value, joinPointer(`/${section}`, key), masked) ?? null;
      return stableText([section, name, entry, defaults]);
    });
  });
}

function withoutSecrets(value: unknown, pointer: string, masked: ReadonlySet<string>): unknown {
  if (masked.has(pointer)) return { secret: referencesIn(JSON.stringify(value) ?? '') };
  if (Array.isArray(value)) return value.map((one, index) => withoutSecrets(one, joinPointer(pointer, index), masked));
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, withoutSecrets(one, joinPointer(pointer, key), masked)]),
    );
  return typeof value === 'string'
    ? value.replace(REFERENCE, (_, body: string) => `\${${withoutDefault(body)}}`)
    : value;
}

const referencesIn = (text: string): readonly string[] =>
  [...text.matchAll(REFERENCE)].map(([, body]) => withoutDefault(body!));

const withoutDefault = (body: string): string => body.replace(/:-.*$/s, '');
