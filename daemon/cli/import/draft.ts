/** A setting in YAML: a text, a number, a list, a map. */
export type Setting = string | number | boolean | readonly Setting[] | { readonly [name: string]: Setting };
export type Settings = Readonly<Record<string, Setting>>;

/** Place in the configuration that is translated. */
export interface Place {
  /** Line, from 1. */
  readonly line: number;
  /** Text there, without secrets. */
  readonly text: string;
}

/** Part of the configuration that was not translated. */
export interface Skipped extends Place {
  readonly reason: string;
  /** Advice: what the user can do. */
  readonly mend: string;
}

/** An entry of a section of the rules, with a comment about its origin. */
export interface Entry {
  readonly name: string;
  readonly settings: Settings | readonly Settings[];
  readonly comment: string;
  /** Place of what it was translated from. */
  readonly place: Place;
}

export const SECTIONS = ['hours', 'sources', 'channels', 'rules'] as const;
export type Section = (typeof SECTIONS)[number];

/** Longest name of a source or a channel. */
const MAX_NAME = 100;

/** Rules that are made from the configuration of another program. */
export class Draft {
  readonly #entries: Readonly<Record<Section, Map<string, Entry>>> = {
    hours: new Map(),
    sources: new Map(),
    channels: new Map(),
    rules: new Map(),
  };
  readonly #secrets = new Map<string, string | undefined>();
  #message: Settings | undefined;
  readonly #skipped: Skipped[] = [];

  /** Adds an entry and returns its name: `wanted`, in the characters that names have, with a number if it is taken. */
  add(section: Section, wanted: string, settings: Entry['settings'], comment: string, place: Place): string {
    const entries = this.#entries[section];
    const name = unused(nameOf(wanted), '-', (candidate) => entries.has(candidate));
    entries.set(name, { name, settings, comment, place });
    return name;
  }

  /** Removes an entry, and the rules that cannot be without it. */
  remove(section: Section, name: string): void {
    this.#entries[section].delete(name);
    for (const [rule, entry] of this.#entries.rules) {
      const changed = withoutEntry(entry.settings as Settings, section, name);
      if (changed === undefined) this.#entries.rules.delete(rule);
      else this.#entries.rules.set(rule, { ...entry, settings: changed });
    }
  }

  /** Keeps a secret out of the rules: returns a reference to an environment variable with this name. The same secret has one variable. */
  secret(wanted: string, value: string): string {
    const base = wanted
      .replace(/([a-z\d])([A-Z])/g, '$1_$2')
      .toUpperCase()
      .replace(/[^A-Z\d]+/g, '_')
      .replace(/^_|_$/g, '');
    const known = [...this.#secrets].find(([name, text]) => text === value && name.startsWith(base))?.[0];
    const name = known ?? unused(base, '_', (candidate) => this.#secrets.has(candidate));
    this.#secrets.set(name, value);
    return `\${env:${name}}`;
  }

  /** Reference to a variable for a secret that does not exist yet. */
  newSecret(wanted: string): string {
    const name = unused(wanted, '_', (candidate) => this.#secrets.has(candidate));
    this.#secrets.set(name, undefined);
    return `\${env:${name}}`;
  }

  /** Sets the message of every rule that has none. */
  useMessage(message: Settings): void {
    this.#message = message;
  }

  get message(): Settings | undefined {
    return this.#message;
  }

  skip(place: Place, reason: string, mend: string): void {
    this.#skipped.push({ ...place, reason, mend });
  }

  /** Parts that were not translated, in the order of their lines. */
  get skipped(): readonly Skipped[] {
    return this.#skipped.toSorted((a, b) => a.line - b.line);
  }

  entries(section: Section): readonly Entry[] {
    return [...this.#entries[section].values()];
  }

  /** Environment variables of the rules, with their values; undefined for a secret that the user is to make. */
  get secrets(): ReadonlyMap<string, string | undefined> {
    const rules = JSON.stringify(SECTIONS.map((section) => this.entries(section)));
    return new Map([...this.#secrets].filter(([name]) => rules.includes(`\${env:${name}}`)));
  }
}

/** Text as the rules read it literally: `${` begins a reference in them. */
export const literal = (text: string): string => text.replaceAll('${', () => '$${');

/** Settings of a rule without an entry that was removed; undefined if the rule needs it. */
function withoutEntry(settings: Settings, section: Section, name: string): Settings | undefined {
  const { on, during, not_during: notDuring, notify } = settings;
  if (section === 'sources') return on === name ? undefined : settings;
  if (section === 'hours') return [during, notDuring].flat().includes(name) ? undefined : settings;
  if (section !== 'channels' || !Array.isArray(notify) || !notify.includes(name)) return settings;
  const others = notify.filter((channel) => channel !== name);
  return others.length === 0 ? undefined : { ...settings, notify: others };
}

const nameOf = (text: string): string =>
  text
    .replace(/[^A-Za-z\d_.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_NAME - 4) || 'imported';

function unused(wanted: string, separator: string, isTaken: (name: string) => boolean): string {
  let name = wanted;
  for (let number = 2; isTaken(name); number += 1) name = `${wanted}${separator}${number}`;
  return name;
}
