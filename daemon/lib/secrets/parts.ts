import { type GivenSecret, isPublicHeader, type SecretRole } from './secret.ts';
import type { SecretPart } from './patterns.ts';

const MIN_REFERENCE_LENGTH = 6;
const MIN_WORD_LENGTH = 6;
const MIN_LINE_LENGTH = 16;

const CREDENTIAL_NAME = /auth|token|key|secret|pass|pwd|sig|cookie|credential|session|bearer|code/i;
const URL_TEXT = /^[a-z][a-z0-9+.-]*:\/\//i;
const SCHEME_WORD = /^(?:bearer|basic|token|digest|apikey|key|bot|genie-?key|negotiate)$/i;
const SWITCH_WORD = /^(?:true|false|yes|no|on|off|none|null|auto|\d{1,3})$/i;
/** Segments of paths that many services share. */
const COMMON_SEGMENT =
  /^(?:(?:web)?hooks?|services?|messages?|notifications?|incoming|robots?|events?|alerts?|notify|publish)$/i;

/** Texts to mask for a secret value: the value, and the parts of it that are secrets by themselves. */
export function partsOfSecret(given: GivenSecret): SecretPart[] {
  const parts = PARTS[given.role](given).filter(({ text }) => text.trim() !== '');
  return [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()];
}

const PARTS: Readonly<Record<SecretRole, (given: GivenSecret) => SecretPart[]>> = {
  // The value of a reference may be any word, so short ones are not masked.
  reference: ({ value }) => (value.length < MIN_REFERENCE_LENGTH ? [] : [whole(everywhere(value))]),
  secret: ({ value }) => [...credential(value), ...urlParts(value)],
  setting: settingParts,
  url: ({ value }) => (URL.canParse(value) ? userParts(new URL(value)) : []),
};

const everywhere = (text: string): SecretPart => ({ text, search: 'everywhere' });
const inAnswers = (text: string): SecretPart => ({ text, search: 'answers' });
const whole = (part: SecretPart): SecretPart => ({ ...part, whole: true });
const publicStart = (part: SecretPart): SecretPart => ({ ...part, publicStart: true });
/** Masked everywhere if it looks random, otherwise only in responses, where it can only be a quotation. */
const byLooks = (text: string): SecretPart[] => {
  if (looksRandom(text)) return [everywhere(text)];
  return text.length < MIN_WORD_LENGTH ? [] : [inAnswers(text)];
};

/** Whether a text is not an ordinary word. */
const looksRandom = (text: string): boolean =>
  !/\s/.test(text) &&
  ((text.length >= 8 && /\d/.test(text) && /[A-Za-z]/.test(text)) ||
    (text.length >= 16 && /[a-z][A-Z]|\d/.test(text)) ||
    text.length >= 24);

function credential(value: string): SecretPart[] {
  const lines = value.split(/\r?\n/);
  // The parts of a URL are added separately.
  if (URL_TEXT.test(value)) return [publicStart(whole(everywhere(value)))];
  const rest = /\s/.test(value) ? '' : value.slice(value.indexOf(':') + 1);
  return [
    everywhere(value),
    everywhere(value.trim()),
    // PEM keys may be quoted line by line, in part, or with other line ends.
    ...(lines.length > 1
      ? lines
          .map((line) => line.trim())
          .filter((line) => line.length >= MIN_LINE_LENGTH && !line.startsWith('-----'))
          .map(everywhere)
      : []),
    // The part after the colon of `user:password`, and of tokens that begin with an identifier.
    ...(rest.length >= 4 && rest !== value ? [everywhere(rest)] : []),
    ...(value.startsWith('whsec_') ? [everywhere(value.slice('whsec_'.length))] : []),
  ];
}

/** Parts of a literal header or variable, which is a secret if its name says so or if it contains a reference. */
function settingParts({ value, name, referenced = false }: GivenSecret): SecretPart[] {
  if (isPublicHeader(name) && !referenced) return [];
  const words = value.split(/[\s,;]+/).filter((word) => word !== '' && !SCHEME_WORD.test(word));
  const isCredential = CREDENTIAL_NAME.test(name) || referenced;
  const text = value.trim();
  // A single word is the credential; of several words, each may be an ordinary one.
  const single = words.length === 1;
  return [
    ...(single && words[0] === text ? [] : byLooks(text).map(publicStart)),
    ...words.flatMap((word) =>
      isCredential && (single || word.length >= MIN_WORD_LENGTH) ? namedCredential(word, referenced) : byLooks(word),
    ),
    ...words.flatMap(urlParts),
    ...basicParts(value),
  ];
}

/** Parts of a value whose name is that of a credential. Words such as `true` are settings about credentials. */
function namedCredential(word: string, referenced = false): SecretPart[] {
  return !referenced && SWITCH_WORD.test(word) ? [] : credential(word);
}

/** Parts of HTTP Basic authentication: the base64 of `user:password`. */
function basicParts(value: string): SecretPart[] {
  const encoded = /\bBasic\s+([\w+/-]+={0,2})/i.exec(value)?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  return pair.includes(':') && !pair.includes('\uFFFD') ? credential(pair) : [];
}

/** Parts of a URL that are credentials: user, password, path and query, but not the host. */
function urlParts(text: string): SecretPart[] {
  const isPath = text.startsWith('/') && !/\s/.test(text);
  if (!isPath && !URL_TEXT.test(text)) return [];
  const url = URL.canParse(text, 'http://host') ? new URL(text, 'http://host') : undefined;
  if (url === undefined) return [];
  return [...userParts(url), ...pathParts(url), ...queryParts(url)];
}

function userParts({ username, password }: URL): SecretPart[] {
  const user = decoded(username);
  const secret = decoded(password);
  const pair = secret === '' ? [] : [everywhere(`${user}:${secret}`), ...credential(secret)];
  return [...pair, ...byLooks(user)];
}

function pathParts({ pathname }: URL): SecretPart[] {
  const path = decoded(pathname).replace(/\/+$/, '');
  const segments = path.split('/');
  const random = segments.filter(looksRandom);
  const words = segments.filter((segment) => segment.length >= MIN_WORD_LENGTH && !COMMON_SEGMENT.test(segment));
  return [
    ...(random.length > 0 ? [everywhere(path)] : path.length < MIN_WORD_LENGTH ? [] : [inAnswers(path)])
      .map(whole)
      .map(publicStart),
    ...words.map(inAnswers),
    // A segment may be `id:token`.
    ...random.flatMap(credential),
  ];
}

function queryParts({ search, searchParams, hash }: URL): SecretPart[] {
  return [
    ...[search.slice(1), hash.slice(1)].flatMap(byLooks).map(whole),
    ...[...searchParams].flatMap(([name, value]) =>
      CREDENTIAL_NAME.test(name) ? namedCredential(value) : byLooks(value),
    ),
  ];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
