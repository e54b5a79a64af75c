import { type GivenSecret, isPublicHeader, type SecretRole } from './secret.ts';
import type { SecretPart } from './secret-needles.ts';

const SHORTEST_REFERENCE = 6;
const SHORTEST_LINE = 16;
const SHORTEST_SEGMENT = 6;

const CREDENTIAL_NAME = /auth|token|key|secret|pass|pwd|sig|cookie|credential|session|bearer|code/i;
const SCHEME_WORD = /^(?:bearer|basic|token|digest|apikey|key|bot|genie-?key|negotiate)$/i;
/** Segments of paths that many services share. */
const COMMON_SEGMENT =
  /^(?:(?:web)?hooks?|services?|messages?|notifications?|incoming|robots?|events?|alerts?|notify|publish)$/i;

/** All that must not be read anywhere of a value: itself and the parts of it that are secrets by themselves. */
export function partsOfSecret(given: GivenSecret): SecretPart[] {
  const parts = PARTS[given.role](given).filter(({ text }) => text.trim() !== '');
  return [...new Map(parts.map((part) => [`${part.search} ${part.text}`, part])).values()];
}

const PARTS: Readonly<Record<SecretRole, (given: GivenSecret) => SecretPart[]>> = {
  // What came in through a reference may be any word; short ones are left alone.
  reference: ({ value }) => (value.length < SHORTEST_REFERENCE ? [] : [{ ...everywhere(value), whole: true }]),
  secret: ({ value }) => [...credential(value), ...urlParts(value)],
  setting: settingParts,
  url: ({ value }) => (URL.canParse(value) ? userParts(new URL(value)) : []),
};

const everywhere = (text: string): SecretPart => ({ text, search: 'everywhere' });
const inAnswers = (text: string): SecretPart => ({ text, search: 'answers' });

/** Nothing that a person would write in a sentence. */
const looksRandom = (text: string): boolean =>
  !/\s/.test(text) &&
  ((text.length >= 8 && /\d/.test(text) && /[A-Za-z]/.test(text)) ||
    (text.length >= 16 && /[a-z][A-Z]|\d/.test(text)) ||
    text.length >= 24);

function credential(value: string): SecretPart[] {
  const lines = value.split(/\r?\n/);
  const isUrl = value.includes('://');
  const rest = isUrl || /\s/.test(value) ? '' : value.slice(value.indexOf(':') + 1);
  return [
    everywhere(value),
    everywhere(value.trim()),
    // Keys in PEM are quoted line by line, with other line ends, and in part.
    ...(lines.length > 1
      ? lines
          .map((line) => line.trim())
          .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'))
          .map(everywhere)
      : []),
    // `user:password`, and tokens that begin with an identifier.
    ...(rest.length >= 4 && rest !== value ? [everywhere(rest)] : []),
    ...(value.startsWith('whsec_') ? [everywhere(value.slice('whsec_'.length))] : []),
  ];
}

/** A literal header or variable: surely a secret by its name, by a reference in it or by its looks; otherwise it is looked for in answers. */
function settingParts({ value, name, referenced = false }: GivenSecret): SecretPart[] {
  if (isPublicHeader(name) && !referenced) return [];
  const words = value.split(/[\s,;]+/).filter((word) => word !== '' && !SCHEME_WORD.test(word));
  const isCredential = CREDENTIAL_NAME.test(name) || referenced;
  const whole = value.trim();
  return [
    ...(whole.length < SHORTEST_REFERENCE
      ? []
      : [isCredential || looksRandom(whole) ? everywhere(whole) : inAnswers(whole)]),
    ...words.flatMap((word) => {
      if (isCredential) return credential(word);
      if (looksRandom(word)) return [everywhere(word)];
      return word.length < SHORTEST_REFERENCE ? [] : [inAnswers(word)];
    }),
    ...words.flatMap(urlParts),
    ...basicParts(value),
  ];
}

/** `Basic` and the base64 of `user:password`. */
function basicParts(value: string): SecretPart[] {
  const encoded = /\bBasic\s+([\w+/-]+={0,2})/i.exec(value)?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  return pair.includes(':') && !pair.includes('\uFFFD') ? credential(pair) : [];
}

/** The parts of a URL that are credentials: user, password, path and query. Its host is none. */
function urlParts(text: string): SecretPart[] {
  const isPath = text.startsWith('/') && !/\s/.test(text);
  if (!isPath && !/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return [];
  const url = URL.canParse(text, 'http://host') ? new URL(text, 'http://host') : undefined;
  if (url === undefined) return [];
  return [...userParts(url), ...pathParts(url), ...queryParts(url)];
}

function userParts({ username, password }: URL): SecretPart[] {
  const user = decoded(username);
  const secret = decoded(password);
  if (user === '' && secret === '') return [];
  // A token alone stands where the user would.
  if (secret === '') return credential(user);
  return [
    everywhere(`${user}:${secret}`),
    ...credential(secret),
    ...(looksRandom(user) ? [everywhere(user)] : user.length >= SHORTEST_SEGMENT ? [inAnswers(user)] : []),
  ];
}

function pathParts({ pathname }: URL): SecretPart[] {
  const path = decoded(pathname).replace(/\/+$/, '');
  if (path === '') return [];
  const segments = path.split('/');
  const random = segments.filter(looksRandom);
  const words = segments.filter((segment) => segment.length >= SHORTEST_SEGMENT && !COMMON_SEGMENT.test(segment));
  return [
    ...(random.length > 0 ? [everywhere(path)] : path.length >= SHORTEST_SEGMENT ? [inAnswers(path)] : []),
    ...random.map(everywhere),
    ...words.map(inAnswers),
    // `id:token`
    ...random.flatMap((segment) => credential(segment)),
  ];
}

function queryParts({ search, searchParams, hash }: URL): SecretPart[] {
  const whole = [search.slice(1), hash.slice(1)].filter((text) => text.length >= SHORTEST_REFERENCE);
  return [
    ...whole.map((text) => (looksRandom(text) ? everywhere(text) : inAnswers(text))),
    ...[...searchParams].flatMap(([name, value]) => {
      if (CREDENTIAL_NAME.test(name)) return credential(value);
      if (looksRandom(value)) return [everywhere(value)];
      return value.length < SHORTEST_REFERENCE ? [] : [inAnswers(value)];
    }),
  ];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
