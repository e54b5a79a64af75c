import { type Draft, literal, type Place, type Setting, type Settings } from '../draft.ts';
import type { ServiceUrl } from './service-url.ts';

/** Settings of a channel; what is undefined is left out. */
export type Given = Readonly<Record<string, Setting | undefined>>;

/** Access of a service to the draft while a URL is read. */
export interface Reading {
  /** Keeps a secret out of the rules and returns a reference to it; an absent one stays undefined. */
  readonly secret: (setting: string, value: string | undefined) => string | undefined;
  /** Reference to a secret that the user is to make. */
  readonly newSecret: (setting: string) => string;
  /** Reports a part of the URL that has no equivalent. */
  readonly lost: (reason: string, mend: string) => void;
}

/** A service that a channel type covers. */
export interface Service {
  readonly schemes: readonly string[];
  /** Channel type. */
  readonly type: string;
  /** Settings without which there is no channel. */
  readonly needs: readonly string[];
  /** Channels of the URL, several if the type has one recipient each; undefined if there is none, which is reported as lost. */
  settings(url: ServiceUrl, reading: Reading): Given | readonly Given[] | undefined;
}

/** Parameters that are about the program and not the service. */
const WITHOUT_MEANING = /^(?:format|overflow|rto|cto|redirect|emojis|interpret|store|tz|retry|wait|verify)$/;

/** Adds the channels of a URL to a draft and returns their names. What it lacks or has no equivalent of is reported at `place`. */
export function addChannels(service: Service, url: ServiceUrl, place: Place, draft: Draft): readonly string[] {
  const references: string[] = [];
  const refer = (reference: string): string => {
    references.push(reference);
    return reference;
  };
  const { type } = service;
  const given = service.settings(url, {
    secret: (setting, value) => (value === undefined ? undefined : refer(draft.secret(`${type}_${setting}`, value))),
    newSecret: (setting) => refer(draft.newSecret(`${type}_${setting}`.toUpperCase())),
    lost: (reason, mend) => draft.skip(place, reason, mend),
  });
  if (given === undefined) return [];
  const list: readonly Given[] = isMany(given) ? given : [given];
  const missing = service.needs.filter((name) => list.length === 0 || list.some((each) => each[name] === undefined));
  if (missing.length > 0) {
    const names = missing.map((name) => `\`${name}\``).join(' and ');
    draft.skip(place, `the URL does not give ${names} of a ${type} channel`, 'complete it, or add the channel by hand');
    return [];
  }
  reportUnused(url, type, place, draft);
  return list.map((each) =>
    draft.add(
      'channels',
      type,
      { type, ...literals(each, references) },
      `From ${place.text}, line ${place.line}.`,
      place,
    ),
  );
}

const isMany = (given: Given | readonly Given[]): given is readonly Given[] => Array.isArray(given);

function reportUnused(url: ServiceUrl, type: string, place: Place, draft: Draft): void {
  if (/^(?:n|f|0|off)/i.test(url.option('verify') ?? ''))
    draft.skip(place, 'certificates are always verified', 'give the authority of the server as `ca`');
  const unused = url.unused.filter((name) => !WITHOUT_MEANING.test(name));
  if (unused.length === 0) return;
  const names = unused.map((name) => `\`${name}\``).join(', ');
  draft.skip(
    place,
    `${names} in the URL ${unused.length === 1 ? 'is no setting' : 'are no settings'} of a ${type} channel`,
    `see \`belfry channel types ${type}\`, and \`message\` of the rule for what a message contains`,
  );
}

/** Settings as the rules read them literally, except for the references among them. */
function literals(given: Given, references: readonly string[]): Settings {
  const written = (value: Setting): Setting => {
    if (typeof value === 'string')
      return references.some((reference) => value.includes(reference)) ? value : literal(value);
    if (Array.isArray(value)) return value.map(written);
    return typeof value === 'object' ? literals(value as Settings, references) : value;
  };
  const present = Object.entries(given).filter((entry): entry is [string, Setting] => entry[1] !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, written(value)]));
}

/** The list, or undefined if it is empty. */
export const some = (list: readonly string[]): readonly string[] | undefined => (list.length === 0 ? undefined : list);

/** The text, or undefined if it is empty. */
export const text = (given: string): string | undefined => (given === '' ? undefined : given);

/** Text as a template shows it unchanged. */
export const plainTemplate = (text: string): string => (/\{[{%]/.test(text) ? `{% raw %}${text}{% endraw %}` : text);

/** Header for the login of a URL, for services that have no settings for it. */
export function basicLogin({ user, password = '' }: ServiceUrl, { secret }: Reading): Settings | undefined {
  if (user === undefined) return undefined;
  const value = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return { Authorization: secret('authorization', value)! };
}
