import type { Delivery } from '../core/delivery/delivery.ts';
import { cut } from '../core/explain/excerpt.ts';
import type { ComparisonExample, RuleComparison } from '../core/explain/unsaved.ts';
import { rfc3339 } from '../lib/time/rfc3339.ts';

/** The part of a message that is compared. Two messages are the same if all but the time and the title agree. */
export interface ComparedMessage {
  readonly rule: string;
  readonly channel: string;
  /** Id of the event. */
  readonly event: string;
  readonly key: string;
  readonly status: Delivery['status'];
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type Side = 'was' | 'would';

/** Examples of one rule. */
const MAX_EXAMPLES = 5;
/** Examples of all rules: the result is sent in one piece. */
const MAX_ALL_EXAMPLES = 2_000;
const MAX_TITLE = 200;
/** Messages for which the same one of the other side is awaited; of more the oldest has none. */
const MAX_UNMATCHED = 50_000;

const CHANGES = { was: 'removed', would: 'added' } as const;

interface Unmatched {
  readonly side: Side;
  readonly message: ComparedMessage;
  count: number;
}

interface Totals {
  was: number;
  would: number;
  added: number;
  removed: number;
  error?: string;
  readonly examples: Record<Side, ComparisonExample[]>;
}

export function messageOf(delivery: Delivery): ComparedMessage {
  const { rule, channel, event, key, status, message, createdAt } = delivery;
  return { rule, channel, event: event.id, key, status, title: cut(message.title, MAX_TITLE), at: createdAt };
}

/** Compares the messages of two runs by rule. Both sides are given in about the order of time, so that the memory stays bounded. */
export class Comparison {
  readonly #rules = new Map<string, Totals>();
  readonly #unmatched = new Map<string, Unmatched>();
  #examples = 0;

  add(side: Side, message: ComparedMessage): void {
    this.#totals(message.rule)[side] += 1;
    this.#change(side, message);
  }

  /** Takes back a message that was not sent after all. */
  withdraw(side: Side, message: ComparedMessage): void {
    this.#totals(message.rule)[side] -= 1;
    this.#change(side === 'was' ? 'would' : 'was', message);
  }

  error(rule: string, text: string): void {
    this.#totals(rule).error ??= text;
  }

  /** Results of these rules, then those of others that sent something. */
  results(rules: Iterable<string>): RuleComparison[] {
    for (const one of this.#unmatched.values()) this.#count(one);
    this.#unmatched.clear();
    return [...new Set([...rules, ...this.#rules.keys()])].map((rule) => {
      const { examples, error, ...counts } = this.#totals(rule);
      return { rule, ...counts, examples: mixed(examples), ...(error !== undefined && { error }) };
    });
  }

  #change(side: Side, message: ComparedMessage): void {
    const { rule, channel, event, key, status } = message;
    const name = JSON.stringify([rule, channel, event, key, status]);
    const known = this.#unmatched.get(name);
    if (known === undefined) this.#unmatched.set(name, { side, message, count: 1 });
    else if (known.side === side) known.count += 1;
    else if (known.count === 1) this.#unmatched.delete(name);
    else known.count -= 1;
    if (this.#unmatched.size > MAX_UNMATCHED) this.#settleOldest();
  }

  #settleOldest(): void {
    const [oldest] = this.#unmatched;
    if (oldest === undefined) return;
    this.#unmatched.delete(oldest[0]);
    this.#count(oldest[1]);
  }

  /** Counts a message that only one side has. */
  #count({ side, message, count }: Unmatched): void {
    const totals = this.#totals(message.rule);
    const { event, title, channel, key, status, at } = message;
    const change = CHANGES[side];
    totals[change] += count;
    if (totals.examples[side].length === MAX_EXAMPLES || this.#examples === MAX_ALL_EXAMPLES) return;
    this.#examples += 1;
    totals.examples[side].push({ change, event, title, channel, key, status, at: rfc3339(at) });
  }

  #totals(rule: string): Totals {
    let totals = this.#rules.get(rule);
    if (totals === undefined) {
      totals = { was: 0, would: 0, added: 0, removed: 0, examples: { was: [], would: [] } };
      this.#rules.set(rule, totals);
    }
    return totals;
  }
}

/** The first examples of both sides; half of each if there are enough. */
function mixed({ was, would }: Totals['examples']): readonly ComparisonExample[] {
  const added = would.slice(0, Math.max(Math.ceil(MAX_EXAMPLES / 2), MAX_EXAMPLES - was.length));
  return [...added, ...was.slice(0, MAX_EXAMPLES - added.length)];
}
