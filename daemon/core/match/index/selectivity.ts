import type { Predicate, Requirement } from './requirement.ts';

/** A predicate with the rules that are indexed under it (a posting list). */
export interface Posting {
  readonly predicate: Predicate;
  /** Number of rules that mention the predicate. */
  mentions: number;
  /** Rules, by number, for which this is on the access path, in ascending order. */
  readonly rules: number[];
  readonly field: FieldStatistics;
}

/** Predicates on one path. */
interface FieldStatistics {
  readonly postings: Map<string, Posting>;
  mentions: number;
}

/** A requirement whose predicates have been counted. */
export type Counted = Posting | { readonly all: readonly Counted[] } | { readonly any: readonly Counted[] };

/** Postings of which every matching event satisfies at least one. `cost` estimates the number of candidates that an event gets from them. */
interface AccessPath {
  readonly postings: readonly Posting[];
  readonly cost: number;
}

/** Statistics on the predicates of all rules, from which each rule gets its most selective access path. */
export class Selectivity {
  readonly #fields = new Map<string, FieldStatistics>();

  count(requirement: Requirement): Counted {
    if ('all' in requirement) return { all: requirement.all.map((part) => this.count(part)) };
    if ('any' in requirement) return { any: requirement.any.map((part) => this.count(part)) };
    const posting = this.#postingOf(requirement);
    posting.mentions += 1;
    posting.field.mentions += 1;
    return posting;
  }

  /** The postings under which a rule is indexed. */
  *used(): Iterable<Posting> {
    for (const { postings } of this.#fields.values())
      for (const posting of postings.values()) if (posting.rules.length > 0) yield posting;
  }

  #postingOf(predicate: Predicate): Posting {
    const { path, kind, value } = predicate;
    let field = this.#fields.get(path);
    if (field === undefined) this.#fields.set(path, (field = { postings: new Map(), mentions: 0 }));
    const name = `${kind} ${typeof value} ${kind === 'range' ? `${value.low}:${value.high}` : value}`;
    let posting = field.postings.get(name);
    if (posting === undefined) field.postings.set(name, (posting = { predicate, mentions: 0, rules: [], field }));
    return posting;
  }
}

/** The cheapest access path, after all rules are counted; undefined when an event may match without satisfying any predicate. */
export function accessPathOf(requirement: Counted): AccessPath | undefined {
  if ('any' in requirement) return union(requirement.any);
  if (!('all' in requirement)) return { postings: [requirement], cost: costOf(requirement) };
  let best: AccessPath | undefined;
  for (const part of requirement.all) {
    const path = accessPathOf(part);
    if (path !== undefined && (best === undefined || path.cost < best.cost)) best = path;
  }
  return best;
}

function union(alternatives: readonly Counted[]): AccessPath | undefined {
  const postings: Posting[] = [];
  let cost = 0;
  for (const alternative of alternatives) {
    const path = accessPathOf(alternative);
    if (path === undefined) return undefined;
    for (const posting of path.postings) postings.push(posting);
    cost += path.cost;
  }
  return { postings, cost };
}

/** Cost of a posting. A predicate that most values of a field satisfy costs as much as all predicates on the field together. */
const costOf = ({ predicate, mentions, field }: Posting): number =>
  isUnselective(predicate) ? field.mentions : mentions;

function isUnselective({ kind, value }: Predicate): boolean {
  return kind === 'present' || value === '' || (kind === 'range' && !Number.isFinite(value.high - value.low));
}
