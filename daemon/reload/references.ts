import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../core/values/json.ts';
import { joinPointer } from '../core/values/pointer.ts';
import { noReference } from './reference-mistakes.ts';

/** Scope in which references are resolved. `base`: the folder of the rules file, at which relative `${file:...}` paths start. */
export interface ReferenceScope {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly base: string;
  /** False: no file is read, so that references to files cannot be resolved. */
  readonly readsFiles?: boolean;
}

/** A reference that cannot be resolved. */
export interface ReferenceIssue {
  readonly pointer: string;
  /** Offset in the text, in characters. */
  readonly offset: number;
  /** Text between `${` and `}`. */
  readonly body: string;
  /** True for a reference of a known kind; a placeholder can replace it. */
  readonly known: boolean;
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

export interface Resolved {
  readonly data: unknown;
  /** Pointers of texts that a reference contributed to, and of the lists and maps that contain them. */
  readonly referenced: ReadonlySet<string>;
  readonly issues: readonly ReferenceIssue[];
}

/** Value of a reference, or the reason why it has none; `file` is the file that was read for it. */
export type Lookup =
  | { readonly value: string; readonly file?: string }
  | { readonly message: string; readonly mend: string; readonly file?: string }
  /** Text after `${` that is not a reference. */
  | { readonly isNone: true; readonly file?: undefined };

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
export const MAX_SECRET_BYTES = 64 * 1024;

/** Resolves the bodies of references: `env:NAME`, `file:PATH`, `credential:NAME`. */
export async function lookUpAll(bodies: Iterable<string>, scope: ReferenceScope): Promise<ReadonlyMap<string, Lookup>> {
  const found = new Map<string, Lookup>();
  for (const body of bodies) {
    found.set(body, await lookUp(body, scope));
  }
  return found;
}

/** A reference without a value, with the context by which its placeholder is chosen: the text around it, and its index among the references of the text. */
export interface MissingReference {
  readonly pointer: string;
  readonly index: number;
  readonly body: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Replaces the references in every text of a document; `$${` becomes a plain `${`. A reference that cannot be resolved becomes an
 * issue, and is replaced by the result of `placeholder`.
 */
export function replaceReferences(
  data: unknown,
  found: ReadonlyMap<string, Lookup>,
  placeholder: (missing: MissingReference) => string = ({ body }) => `\${${body}}`,
): Resolved {
  const referenced = new Set<string>();
  const issues: ReferenceIssue[] = [];
  const replaceIn = (text: string, pointer: string): string => {
    let index = 0;
    return text.replace(REFERENCE, (whole: string, body: string | undefined, end: string, offset: number) => {
      if (body === undefined) return '${';
      markReferenced(pointer, referenced);
      const lookup: Lookup = end === '' ? UNCLOSED : found.get(body)!;
      if ('value' in lookup) return lookup.value;
      const { message, mend } = 'isNone' in lookup ? noReference(body, pointer, REFERENCE_KINDS) : lookup;
      issues.push({
        pointer,
        offset,
        body,
        known: end !== '' && isReference(body),
        code: 'secret.unresolved',
        message,
        mend,
      });
      const [before, after] = [text.slice(0, offset), text.slice(offset + whole.length)];
      return placeholder({ pointer, index: index++, body, before, after });
    });
  };
  return { data: mapTexts(data, '', replaceIn), referenced, issues };
}

function markReferenced(pointer: string, referenced: Set<string>): void {
  for (let end = pointer.length; end >= 0; end = end === 0 ? -1 : pointer.lastIndexOf('/', end - 1)) {
    referenced.add(pointer.slice(0, end));
  }
}

const UNCLOSED: Lookup = {
  message: 'a `${` is not closed',
  mend: 'close it with `}`, or write `$${` for a plain `${`',
};

/** Settings with the name of an instance, which status and messages show. */
const INSTANCE_NAME = /^\/(?:daemon|sources\/[^/]+)\/instance$/;

/** Bodies of the references whose values may be secrets: of all but those that are part of the name of an instance. */
export function secretReferencesIn(data: unknown): ReadonlySet<string> {
  const names = referencesIn(data, (pointer) => INSTANCE_NAME.test(pointer));
  return new Set([...referencesIn(data)].filter((body) => !names.has(body)));
}

/** Bodies of the references in a document, or in those of its texts whose pointer passes a test. */
export function referencesIn(data: unknown, isWanted?: (pointer: string) => boolean): ReadonlySet<string> {
  const bodies = new Set<string>();
  mapTexts(data, '', (text, pointer) => {
    if (isWanted?.(pointer) === false) return text;
    for (const [, body, end] of text.matchAll(REFERENCE)) if (body !== undefined && end !== '') bodies.add(body);
    return text;
  });
  return bodies;
}

/** Applies `change` to all texts that may have a reference. A value without one is returned unchanged, so that most of a large file is not copied. */
function mapTexts(value: unknown, pointer: string, change: (text: string, pointer: string) => string): unknown {
  if (typeof value === 'string') return value.includes('${') ? change(value, pointer) : value;
  if (!mayRefer(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, joinPointer(pointer, index), change));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTexts(item, joinPointer(pointer, key), change)]),
  );
}

function mayRefer(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('${');
  if (Array.isArray(value)) return value.some(mayRefer);
  return isObject(value) && Object.values(value).some(mayRefer);
}

const NOT_READ: Lookup = { message: 'the file is not read here', mend: 'save the rules, and check them there' };

/** Kinds of references, by the word before the colon. */
const KINDS: Readonly<Record<string, (name: string, scope: ReferenceScope) => Lookup | Promise<Lookup>>> = {
  env(rest, { env }) {
    const [, name, fallback] = /^(.*?)(?::-(.*))?$/s.exec(rest)!;
    const value = env[name!];
    if (value !== undefined && (value !== '' || fallback === undefined)) return { value };
    if (fallback !== undefined) return { value: fallback };
    return {
      message: `the environment variable \`${name}\` is not set`,
      mend: 'set it for this process, or give a default: `${env:NAME:-default}`',
    };
  },
  file: (name, { base, readsFiles }) =>
    readsFiles === false ? NOT_READ : readSecret(path.resolve(base, name), `the file \`${name}\``),
  credential(name, { env }) {
    const folder = env.CREDENTIALS_DIRECTORY;
    if (folder === undefined || folder === '') {
      return {
        message: '`$CREDENTIALS_DIRECTORY` is not set, so there are no credentials',
        mend: 'set `LoadCredential=` in the systemd unit, or use `${env:NAME}` or `${file:PATH}`',
      };
    }
    if (name === '' || name.includes('/') || name === '.' || name === '..')
      return { message: 'this is not the name of a credential', mend: 'use the name from `LoadCredential=NAME:PATH`' };
    return readSecret(path.join(folder, name), `the credential \`${name}\``);
  },
};

/** Test for the body of a reference of a known kind, such as `env:NAME`. */
function isReference(body: string): boolean {
  return REFERENCE_KINDS.some((kind) => body.startsWith(`${kind}:`));
}

/** Names of the kinds of references. */
export const REFERENCE_KINDS: readonly string[] = Object.keys(KINDS);

async function lookUp(body: string, scope: ReferenceScope): Promise<Lookup> {
  const colon = body.indexOf(':');
  const kind = colon < 0 ? body : body.slice(0, colon);
  const resolve = Object.hasOwn(KINDS, kind) && colon >= 0 ? KINDS[kind] : undefined;
  if (resolve === undefined) return { isNone: true };
  const rest = body.slice(colon + 1);
  if (rest === '')
    return {
      message: 'this reference has no name',
      mend: `write \`\${${kind}:${kind === 'file' ? 'PATH' : 'NAME'}}\``,
    };
  return await resolve(rest, scope);
}

/** Reads the whole file without one trailing line end. Never waits on a FIFO, which is refused. */
async function readSecret(file: string, noun: string): Promise<Lookup> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile())
        return { file, message: `${noun} is not a file`, mend: 'name a file that holds the secret alone' };
      if (stat.size > MAX_SECRET_BYTES)
        return { file, message: `${noun} is too large for a secret`, mend: 'name a file that holds the secret alone' };
      return { file, value: (await handle.readFile('utf8')).replace(/\r?\n$/, '') };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const message = code === 'ENOENT' ? `${noun} does not exist` : `${noun} cannot be read (${code})`;
    return {
      file,
      message,
      mend: 'check the path and its permissions; relative paths start from the folder of this file',
    };
  }
}
