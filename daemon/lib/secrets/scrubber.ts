import type { GivenSecret } from './secret.ts';
import { MARK, PatternTrie } from './pattern-trie.ts';
import { findSecrets, type Span } from './search.ts';
import { addPatterns } from './patterns.ts';
import { partsOfSecret } from './parts.ts';

const MASK = '***';
const WITHHELD = '[not shown: it repeats a secret that is too short to be masked]';
const ENDLESS = '[not shown: it cannot be searched for secrets in reasonable time]';

const OWN_TEXT = MARK.everywhere;
const ANSWER = MARK.answers | MARK.withheld | MARK.word | MARK.truncated;

/**
 * Masks all secret values of the configuration in texts that leave the daemon, except for messages of channels: log lines, dead letters,
 * status, responses. There is one per process. Values are only added, since a message of the old rules may still be in flight after a
 * reload.
 */
export class Scrubber {
  readonly #trie = new PatternTrie();
  readonly #known = new Set<string>();

  /** Adds a secret; a plain text is the value of a secret field. */
  add(given: string | GivenSecret): void {
    const secret: GivenSecret = typeof given === 'string' ? { value: given, role: 'secret', name: '' } : given;
    for (const part of partsOfSecret(secret)) {
      const key = JSON.stringify(part);
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      addPatterns(this.#trie, part);
    }
  }

  /** Masks secrets in a text of the daemon. */
  scrub(text: string): string {
    return this.#masked(text, OWN_TEXT);
  }

  /** Masks secrets in a response of a remote server, which may be truncated. Withholds a response in which a secret cannot be masked safely. */
  scrubAnswer(text: string): string {
    return this.#masked(text, ANSWER);
  }

  /** Masks secrets in all strings and keys of a JSON value; returns a copy, or the value itself if it contains none. */
  scrubJson<T>(value: T): T {
    return this.#known.size === 0 ? value : (changed(value, (text) => this.scrub(text)) as T);
  }

  scrubAnswerJson<T>(value: T): T {
    return this.#known.size === 0 ? value : (changed(value, (text) => this.scrubAnswer(text)) as T);
  }

  /** Masks secrets in the message and stack of an error, since an unexpected error may quote any value. */
  scrubError(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    error.message = this.scrub(error.message);
    if (error.stack !== undefined) error.stack = this.scrub(error.stack);
    return error;
  }

  #masked(text: string, marks: number): string {
    if (this.#known.size === 0) return text;
    const { spans, withheld, endless } = findSecrets(this.#trie, text, marks);
    if (withheld) return WITHHELD;
    return endless ? ENDLESS : masked(text, spans);
  }
}

function masked(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  let shown = '';
  let at = 0;
  for (const { start, end } of spans) {
    shown += text.slice(at, start) + MASK;
    at = end;
  }
  return shown + text.slice(at);
}

/** Smaller numbers are too short to be masked. */
const MIN_NUMBER = 1e5;

type Change = (text: string) => string;

/** Applies a change to all strings; returns the value itself if nothing changes. */
function changed(value: unknown, change: Change): unknown {
  if (typeof value === 'string') return change(value);
  if (typeof value === 'number') return Math.abs(value) < MIN_NUMBER ? value : changedNumber(value, change);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return changedItems(value, change);
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === 'function' ? changed(toJSON.call(value, ''), change) : changedFields(value, change);
}

function changedItems(items: readonly unknown[], change: Change): unknown {
  let copy: unknown[] | undefined;
  for (let index = 0; index < items.length; index += 1) {
    const after = changed(items[index], change);
    if (after !== items[index]) (copy ??= [...items])[index] = after;
  }
  return copy ?? items;
}

function changedFields(fields: object, change: Change): unknown {
  let isSame = true;
  for (const [key, item] of Object.entries(fields)) {
    if (change(key) === key && changed(item, change) === item) continue;
    isSame = false;
    break;
  }
  if (isSame) return fields;
  return Object.fromEntries(Object.entries(fields).map(([key, item]) => [change(key), changed(item, change)]));
}

function changedNumber(value: number, change: Change): number | string {
  const text = String(value);
  const after = change(text);
  return after === text ? value : after;
}
