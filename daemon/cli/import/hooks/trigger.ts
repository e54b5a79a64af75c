import { isObject } from '../../../core/values/json.ts';
import { isCredentialParameter } from '../../../lib/secrets/credential-names.ts';
import { literal, type Setting, type Settings } from '../draft.ts';
import { isCredential, pathOf, requestValue, scalarText } from './request-value.ts';

type Path = readonly (string | number)[];

/** Part of a trigger rule that has no equivalent. The hook is then left out, since it would run for requests that it refuses today. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable';
  readonly path: Path;
  readonly reason: string;
  readonly mend: string;

  constructor(path: Path, reason: string, mend: string) {
    super(reason);
    this.path = path;
    this.reason = reason;
    this.mend = mend;
  }
}

/** Remarks by the entry that they are about. */
interface Notes<L> {
  readonly source: L;
  readonly rule: L;
}

/** A trigger rule as settings of a source and a rule. */
export interface Trigger {
  readonly verify?: Settings;
  readonly allow?: readonly string[];
  readonly match: Settings;
  /** Remarks for the person who reads the rules. */
  readonly notes: Notes<readonly string[]>;
  /** Credentials that senders give in another way from now on, by their places. */
  readonly moved: readonly Path[];
}

interface Found {
  verify?: Settings;
  allow?: readonly string[];
  readonly matches: Settings[];
  readonly notes: Notes<string[]>;
  readonly moved: Path[];
}

/** Keeps a secret out of the rules. */
type KeepSecret = (setting: string, value: string) => string;

/** Translates a trigger rule. Throws `Untranslatable`. https://github.com/adnanh/webhook/blob/master/docs/Hook-Rules.md */
export function translateTrigger(rule: unknown, path: Path, keep: KeepSecret): Trigger {
  const found: Found = { matches: [], notes: { source: [], rule: [] }, moved: [] };
  for (const [part, place] of conjuncts(rule, path)) addConjunct(part, place, found, keep);
  const { verify, allow, matches, notes, moved } = found;
  return {
    ...(verify !== undefined && { verify }),
    ...(allow !== undefined && { allow }),
    match: together(matches),
    notes: { source: [...new Set(notes.source)], rule: [...new Set(notes.rule)] },
    moved,
  };
}

/** Rules that must all hold. */
function conjuncts(rule: unknown, path: Path): readonly (readonly [rule: unknown, path: Path])[] {
  if (!isObject(rule) || !Array.isArray(rule.and)) return rule === undefined ? [] : [[rule, path]];
  return rule.and.flatMap((part, index) => conjuncts(part, [...path, 'and', index]));
}

function addConjunct(rule: unknown, path: Path, found: Found, keep: KeepSecret): void {
  const networks = networksOf(rule);
  if (networks !== undefined) {
    if (found.allow !== undefined)
      throw new Untranslatable(path, 'a source has one list of networks', 'write the networks that are in both lists');
    found.allow = networks;
    return;
  }
  const match = isObject(rule) && isObject(rule.match) ? rule.match : undefined;
  const proof = match === undefined ? undefined : proofOf(match, [...path, 'match'], found, keep);
  if (proof === undefined) {
    found.matches.push(conditionOf(rule, path, found, keep), ...presenceOf(rule, path));
    return;
  }
  if (found.verify !== undefined)
    throw new Untranslatable(
      [...path, 'match'],
      'a source verifies the sender in one way',
      'keep one signature or token',
    );
  found.verify = proof;
}

/** Networks of an `ip-whitelist`, or of several in an `or`. */
function networksOf(rule: unknown): readonly string[] | undefined {
  if (!isObject(rule)) return undefined;
  const { match, or } = rule;
  if (isObject(match) && match.type === 'ip-whitelist')
    return scalarText(match['ip-range'])
      .split(/\s+/)
      .filter((network) => network !== '');
  const lists = Array.isArray(or) ? or.map(networksOf) : [undefined];
  return lists.length === 0 || lists.includes(undefined) ? undefined : (lists.flat() as readonly string[]);
}

const SIGNATURE = /^payload-(?:hmac|hash)-(sha1|sha256|sha512)$/;

/** Proof of the sender; undefined for a condition on what the request says. */
function proofOf(
  match: Readonly<Record<string, unknown>>,
  path: Path,
  found: Found,
  keep: KeepSecret,
): Settings | undefined {
  const [, algorithm] = SIGNATURE.exec(scalarText(match.type)) ?? [];
  if (algorithm !== undefined) return signatureOf(match, algorithm, path, found, keep);
  const value = requestValue(match.parameter);
  if (match.type !== 'value' || !isCredential(value)) return undefined;
  const secret = scalarText(match.value);
  if (value.source === 'header' && value.name.toLowerCase() === 'x-gitlab-token')
    return { gitlab: keep('gitlab_token', secret) };
  const [, scheme, credential = ''] = /^(bearer|basic)\s+(.*)$/i.exec(secret) ?? [];
  if (value.source === 'header' && value.name.toLowerCase() === 'authorization' && scheme !== undefined)
    return scheme.toLowerCase() === 'bearer'
      ? { bearer: keep('token', credential) }
      : { basic: keep('login', Buffer.from(credential, 'base64').toString('utf8')) };
  found.moved.push(path);
  return { bearer: keep('token', secret) };
}

function signatureOf(
  match: Readonly<Record<string, unknown>>,
  algorithm: string,
  path: Path,
  found: Found,
  keep: KeepSecret,
): Settings {
  const { source, name } = requestValue(match.parameter);
  const isBodyOnly = !isObject(match.parameter) || match.parameter['headers-to-add-to-signature-payload'] === undefined;
  if (source !== 'header' || !isBodyOnly)
    throw new Untranslatable(
      path,
      'a signature is a hash of the body, in a header',
      'see `verify` of the webhook source',
    );
  const secret = keep('secret', scalarText(match.secret));
  if (name.toLowerCase() === 'x-hub-signature-256' && algorithm === 'sha256') return { github: secret };
  const hasPrefix = /^x-hub-signature/i.test(name);
  if (!hasPrefix)
    found.notes.source.push(
      `If the sender writes \`${algorithm}=\` before the signature, add \`prefix: ${algorithm}=\`.`,
    );
  return { hmac: { header: name, algorithm, ...(hasPrefix && { prefix: `${algorithm}=` }), secret } };
}

/** Condition of a rule as a map of `match`. */
function conditionOf(rule: unknown, path: Path, found: Found, keep: KeepSecret): Settings {
  const { and, or, not, match } = isObject(rule) ? rule : ({} as Record<string, unknown>);
  const all = (list: readonly unknown[], name: string): readonly Settings[] =>
    list.map((part, index) => conditionOf(part, [...path, name, index], found, keep));
  if (Array.isArray(and))
    return { all: [...all(and, 'and'), ...and.flatMap((part, index) => presenceOf(part, [...path, 'and', index]))] };
  if (Array.isArray(or)) return { any: all(or, 'or') };
  if (isObject(not)) return { none: [conditionOf(not, [...path, 'not'], found, keep)] };
  if (isObject(match)) return comparisonOf(match, [...path, 'match'], found, keep);
  throw new Untranslatable(path, 'this is no rule', 'write `and`, `or`, `not` or `match`');
}

/**
 * Fields that a `not` in an `and` needs. For webhook an `and` fails where such a field is missing, although a `not` alone then holds.
 */
function presenceOf(rule: unknown, path: Path): readonly Settings[] {
  if (!isObject(rule) || !isObject(rule.not) || path.at(-2) !== 'and') return [];
  const field = firstField(rule.not);
  return field === undefined ? [] : [{ [field]: { exists: true } }];
}

/** Field that the evaluation of a rule reads first; undefined for an `or`, which takes a missing field as false. */
function firstField(rule: unknown): string | undefined {
  if (!isObject(rule)) return undefined;
  if (Array.isArray(rule.and)) return firstField(rule.and[0]);
  if (isObject(rule.not)) return firstField(rule.not);
  return isObject(rule.match) ? pathOf(requestValue(rule.match.parameter)) : undefined;
}

function comparisonOf(match: Readonly<Record<string, unknown>>, path: Path, found: Found, keep: KeepSecret): Settings {
  const value = requestValue(match.parameter);
  const field = pathOf(value);
  if (match.type !== 'value' && match.type !== 'regex')
    throw new Untranslatable(
      path,
      `\`${scalarText(match.type)}\` is no condition of a rule`,
      'see `verify` and `allow` of the webhook source',
    );
  if (field === undefined || isCredential(value))
    throw new Untranslatable(
      path,
      field === undefined
        ? 'an event does not have this value of the request'
        : 'an event does not have the credentials of the request',
      'see `verify`, `allow` and `methods` of the webhook source',
    );
  if (match.type === 'regex') {
    found.notes.rule.push('A `regex` fits texts, and no numbers.');
    return { [field]: { regex: literal(scalarText(match.regex)) } };
  }
  const expected = scalarText(match.value);
  if (isCredentialParameter(value.name.split('.').at(-1)!)) return { [field]: keep('secret', expected) };
  return { [field]: scalarsOf(expected) };
}

/** The text, and the number or the boolean that it shows: webhook compares texts. */
function scalarsOf(text: string): Setting {
  if (text === 'true' || text === 'false') return [text, text === 'true'];
  return /^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?$/.test(text) && String(Number(text)) === text
    ? [text, Number(text)]
    : literal(text);
}

/** One map for conditions that must all hold. */
function together(maps: readonly Settings[]): Settings {
  const keys = maps.flatMap((map) => Object.keys(map));
  return new Set(keys).size === keys.length ? Object.assign({}, ...maps) : { all: maps };
}
