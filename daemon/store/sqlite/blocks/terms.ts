import { isTypeGlob, typeTest } from '../../../core/match/type-filter.ts';
import type { RuleResult } from '../../../core/flow/decision.ts';
import type { HistoryFilter } from '../../store.ts';
import { shortHashOf } from '../../shared/keys.ts';

/**
 * A term stands for a value of a field: its hash of 32 bits. Two values may share a term, so every row that is found by terms is
 * compared with the values themselves.
 */
export type Term = number;

/** First character of the text that is hashed, for each field. */
const FIELDS = {
  source: 's',
  type: 't',
  event: 'e',
  rule: 'r',
  outcome: 'o',
  ruleOutcome: 'b',
  key: 'k',
  channel: 'c',
} as const;

export function termOf(field: keyof typeof FIELDS, value: string): Term {
  return shortHashOf(FIELDS[field] + value);
}

export function ruleOutcomeTerm(rule: string, outcome: string): Term {
  return termOf('ruleOutcome', `${rule}\n${outcome}`);
}

/** Terms of an event itself. Its deliveries have them too. */
export function eventTerms({
  id,
  source,
  type,
}: {
  readonly id: string;
  readonly source: string;
  readonly type: string;
}): Term[] {
  return [termOf('event', id), termOf('source', source), termOf('type', type)];
}

export function resultTerms({ rule, outcome, key }: Pick<RuleResult, 'rule' | 'outcome' | 'key'>): Term[] {
  const terms = [termOf('rule', rule), termOf('outcome', outcome), ruleOutcomeTerm(rule, outcome)];
  return key === undefined ? terms : [...terms, termOf('key', key)];
}

/** Term of an event that no rule matched. */
export const NO_MATCH_TERM = termOf('outcome', 'no_match');

/** Part of a filter: a row must have one of the terms. */
export interface TermCondition {
  readonly anyOf: readonly Term[];
  /** Later results may add the terms to a row. */
  readonly isResult: boolean;
}

/** Conditions of a filter that are values, without the glob of a type. */
export function conditionsOf(table: 'events' | 'deliveries', filter: HistoryFilter): readonly TermCondition[] {
  const { source, type, event, rule, key } = filter;
  const of = (term: Term | undefined): readonly TermCondition[] =>
    term === undefined ? [] : [{ anyOf: [term], isResult: false }];
  return [
    ...of(source === undefined ? undefined : termOf('source', source)),
    ...of(type === undefined || isTypeGlob(type) ? undefined : termOf('type', type)),
    ...of(event === undefined ? undefined : termOf('event', event)),
    ...(table === 'events' ? resultConditions(filter) : deliveryConditions(filter)),
    ...(key === undefined ? [] : [{ anyOf: [termOf('key', key)], isResult: table === 'events' }]),
    ...(table === 'events' || rule === undefined ? [] : of(termOf('rule', rule))),
  ];
}

function resultConditions({ rule, outcome }: HistoryFilter): readonly TermCondition[] {
  if (rule !== undefined && outcome !== undefined) return [{ anyOf: [ruleOutcomeTerm(rule, outcome)], isResult: true }];
  if (rule !== undefined) return [{ anyOf: [termOf('rule', rule)], isResult: true }];
  return outcome === undefined ? [] : [{ anyOf: [termOf('outcome', outcome)], isResult: true }];
}

function deliveryConditions({ channel, states, held = [] }: HistoryFilter): readonly TermCondition[] {
  const isHeldOnly = states?.every((state) => state === 'held') === true;
  return [
    ...(channel === undefined ? [] : [{ anyOf: [termOf('channel', channel)], isResult: false }]),
    ...(isHeldOnly ? [{ anyOf: held.map((name) => termOf('channel', name)), isResult: false }] : []),
  ];
}

/** Test of the types of a block, memoized; undefined when the filter has no glob. */
export function globOf({ type }: HistoryFilter): ((type: string) => boolean) | undefined {
  if (type === undefined || !isTypeGlob(type)) return undefined;
  const matches = typeTest(type);
  const known = new Map<string, boolean>();
  return (name) => {
    let found = known.get(name);
    if (found === undefined) known.set(name, (found = matches(name)));
    return found;
  };
}
