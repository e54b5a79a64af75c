import { isObject } from '../../values/json.ts';
import type { Event } from '../../event/event.ts';
import type { Matcher } from '../../ruleset.ts';
import type { Slot } from './selectivity.ts';
import { Both, compileMatch } from '../compile.ts';
import { compileGlob, globAfter } from '../glob.ts';
import { type Clue, isScalar, type Range, rangeOf } from './requirement.ts';
import { compilePath, type Path } from '../path.ts';

/** More ways to a rule than this are not looked through for what they prove. */
const MANY = 16;

/** Undefined where it takes the whole matcher to tell. */
export interface Remainder {
  holds(event: Event): boolean | undefined;
}

type Proves = (argument: unknown, clue: Clue) => boolean;

/**
 * What is left to ask of events that are found by a clue. Most rules ask for little besides, such as a type, and many for the same:
 * that is compiled once, and is in the processor's cache when an event comes, as the rule's own matcher is not.
 */
export class Remainders {
  /** What one key of a match map asks, by the key and the pattern; `undefined` until a second rule asks it. */
  readonly #known = new Map<string, Map<unknown, Matcher | undefined>>();
  /** By path, the length of the beginning, and what follows it. */
  readonly #globs = new Map<string, RestOfText>();

  /** Undefined when nothing is left. `whole` is the matcher of all of `match`. */
  of(match: unknown, whole: Matcher, slots: readonly Slot<unknown>[]): Remainder | undefined {
    const proved = provedKey(match, slots);
    if (proved === undefined) return this.#restOfGlob(match, slots) ?? whole;
    let left: Matcher | undefined;
    for (const key of Object.keys(match as object)) {
      if (key === proved) continue;
      const shared = this.#shared(key, (match as Record<string, unknown>)[key]);
      if (shared === undefined) return whole;
      left = left === undefined ? shared : new Both(left, shared);
    }
    return left;
  }

  /** Of a match that is one path pattern, found by how that begins. */
  #restOfGlob(match: unknown, [slot, ...others]: readonly Slot<unknown>[]): Remainder | undefined {
    if (slot?.clue.kind !== 'prefix' || others.length > 0) return undefined;
    const { path, value: head } = slot.clue;
    const glob = globAlone(match, path);
    const rest = glob === undefined ? undefined : globAfter(head, glob);
    if (rest === undefined) return undefined;
    const name = JSON.stringify([path, head.length, rest]);
    let known = this.#globs.get(name);
    if (known === undefined) this.#globs.set(name, (known = new RestOfText(path, head.length, rest)));
    return known;
  }

  #shared(key: string, pattern: unknown): Matcher | undefined {
    let patterns = this.#known.get(key);
    if (patterns === undefined) this.#known.set(key, (patterns = new Map()));
    const name = nameOf(pattern);
    const known = patterns.get(name);
    if (known !== undefined) return known;
    const compiled = patterns.has(name) ? compileMatch({ [key]: pattern }) : undefined;
    const matcher = compiled?.ok === true ? compiled.matcher : undefined;
    patterns.set(name, matcher);
    return matcher;
  }
}

class RestOfText implements Remainder {
  readonly #values: Path;
  readonly #from: number;
  readonly #fits: (text: string) => boolean;

  constructor(path: string, from: number, glob: string) {
    this.#values = compilePath(path);
    this.#from = from;
    this.#fits = compileGlob(glob);
  }

  /** Of several texts, nobody says which one has the beginning. */
  holds(event: Event): boolean | undefined {
    const values = this.#values(event);
    const [text] = values;
    return typeof text === 'string' && values.length === 1 ? this.#fits(text.slice(this.#from)) : undefined;
  }
}

function globAlone(match: unknown, path: string): string | undefined {
  if (!isObject(match) || Object.keys(match).length > 1) return undefined;
  const pattern = match[path];
  if (!isObject(pattern) || Object.keys(pattern).length > 1) return undefined;
  return typeof pattern.glob === 'string' ? pattern.glob : undefined;
}

/** The key of a match map whose pattern fits wherever one of the slots is found. */
function provedKey(match: unknown, slots: readonly Slot<unknown>[]): string | undefined {
  const [first] = slots;
  if (first === undefined || slots.length > MANY || !isObject(match)) return undefined;
  const { path } = first.clue;
  if (!Object.hasOwn(match, path)) return undefined;
  const pattern = match[path];
  return slots.every(({ clue }) => clue.path === path && isProved(pattern, clue)) ? path : undefined;
}

function isProved(pattern: unknown, clue: Clue): boolean {
  if (isScalar(pattern)) return clue.kind === 'value' && clue.value === pattern;
  if (Array.isArray(pattern)) return pattern.some((one) => isProved(one, clue));
  if (!isObject(pattern)) return false;
  if (clue.kind === 'range') return isRange(pattern, clue.value);
  const [name, ...others] = Object.keys(pattern);
  if (name === undefined || others.length > 0 || !Object.hasOwn(OPERATORS, name)) return false;
  return OPERATORS[name]!(pattern[name], clue);
}

/** By one number; of several that an event has, each may meet another bound. */
function isRange(pattern: Record<string, unknown>, { low, high }: Range): boolean {
  const range = rangeOf(pattern);
  return (
    range?.low === low && range.high === high && Object.keys(pattern).every((name) => isBound(name, pattern[name]))
  );
}

const isBound = (name: string, argument: unknown): boolean => BOUNDS.has(name) && Number.isFinite(argument);

const BOUNDS: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte']);

const OPERATORS: Readonly<Record<string, Proves>> = {
  prefix: (argument, { kind, value }) => kind === 'prefix' && textsOf(argument).includes(value),
  suffix: (argument, { kind, value }) => kind === 'suffix' && textsOf(argument).includes(value),
  exists: (argument) => argument === true,
};

const textsOf = (argument: unknown): readonly unknown[] => (Array.isArray(argument) ? argument : [argument]);

/** A text is not to be taken for what another pattern is as JSON. */
function nameOf(pattern: unknown): unknown {
  if (typeof pattern === 'string') return `"${pattern}`;
  return isScalar(pattern) ? pattern : writtenOut([pattern]);
}

/** As JSON, but that it has no infinity, and would write null. */
export function writtenOut(match: unknown): string {
  const text = JSON.stringify(match);
  return text.includes('null') ? JSON.stringify(match, infiniteToo) : text;
}

const infiniteToo = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;
