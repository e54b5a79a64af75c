import { isUtf8 } from 'node:buffer';
import { isCredentialParameter } from '../../../../lib/secrets/credential-names.ts';

const MASK = '***';
/** Quick test for names of credentials, so that other bodies are not parsed. */
const MAY_NAME_CREDENTIAL =
  /(?:token|jwt|signature|secret|password|passwd|credential|api_?key)[^"]{0,64}"\s*:|"(?:sign|sig|auth|pass|pwd)"\s*:/i;

/** A field named `key` is the key of a rule more often than a credential; secret values in it are found by their text. */
const isCredential = (name: string): boolean => name !== 'key' && isCredentialParameter(name);

/** Beginning of a body as text, and its size. Data that is no text is described. */
export function textOf(body: string | Buffer, limit: number): { readonly text: string; readonly bytes: number } {
  if (typeof body === 'string') {
    const bytes = Buffer.byteLength(body);
    return { text: bytes <= limit ? body : beginning(Buffer.from(body, 'utf8'), limit), bytes };
  }
  const bytes = body.length;
  if (!isUtf8(body)) return { text: `[${bytes} bytes that are no text]`, bytes };
  return { text: bytes <= limit ? body.toString('utf8') : beginning(body, limit), bytes };
}

/** Never ends within a character. */
function beginning(bytes: Buffer, limit: number): string {
  let end = limit;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** Masks fields of a JSON document or a form that are named like credentials, and those whose whole value is a secret. */
export function withoutCredentials(text: string, contentType: string, secrets: ReadonlySet<string>): string {
  if (contentType.includes('x-www-form-urlencoded')) return formWithout(text, secrets);
  const isDocument = /^\s*[[{]/.test(text);
  if (!isDocument || (!MAY_NAME_CREDENTIAL.test(text) && !mayHoldShort(text, secrets))) return text;
  const parsed = parsedJson(text);
  if (parsed === undefined) return brokenWithout(text);
  const masked = valueWithout(parsed, secrets);
  return masked === parsed ? text : JSON.stringify(masked);
}

/** Longest secret that a search by text does not mask. */
const MAX_SHORT = 5;

const mayHoldShort = (text: string, secrets: ReadonlySet<string>): boolean => {
  for (const secret of secrets)
    if (secret.length <= MAX_SHORT && text.includes(JSON.stringify(secret).slice(1, -1))) return true;
  return false;
};

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the value itself if nothing is masked, so that the text stays as it was sent. */
function valueWithout(value: unknown, secrets: ReadonlySet<string>, name = ''): unknown {
  if (typeof value === 'string') return value !== '' && (isCredential(name) || secrets.has(value)) ? MASK : value;
  if (typeof value === 'number') return isCredential(name) || secrets.has(String(value)) ? MASK : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => valueWithout(item, secrets, name));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const fields = Object.entries(value);
  const masked = fields.map(([field, item]) => [field, valueWithout(item, secrets, field)] as const);
  return masked.every(([, item], index) => item === fields[index]![1]) ? value : Object.fromEntries(masked);
}

/** The same for the beginning of a document that was cut: masks text values after the name of a credential. */
function brokenWithout(text: string): string {
  return text.replaceAll(
    /"((?:[^"\\]|\\.)*)"(\s*:\s*)("(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*)/g,
    (whole, name: string, colon) => (isCredential(name) ? `"${name}"${colon}"${MASK}"` : whole),
  );
}

/** Masks parameters of a query that are named like credentials, and those whose value is a secret. */
export const queryWithout = (query: string, secrets: ReadonlySet<string>): string =>
  parametersWithout(query, (name, value) => isCredentialParameter(name) || secrets.has(value));

const formWithout = (form: string, secrets: ReadonlySet<string>): string =>
  parametersWithout(form, (name, value) => isCredential(name) || secrets.has(value));

function parametersWithout(text: string, isSecret: (name: string, value: string) => boolean): string {
  const parts = text.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split('=', 2);
    return value !== '' && isSecret(decoded(name), decoded(value)) ? `${name}=${MASK}` : pair;
  });
  return parts.join('&');
}

/** Text of a part of a URL or a form; the part itself if it is not encoded correctly. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
