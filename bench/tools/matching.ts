import type { Event } from '../../daemon/core/event/event.ts';
import { compileCondition } from '../../daemon/core/match/condition/condition.ts';
import { compileMatch } from '../../daemon/core/match/compile.ts';
import { buildIndex, buildResolvingIndex } from '../../daemon/core/match/index/rule-index.ts';
import type { CompiledRule, Ruleset } from '../../daemon/core/ruleset.ts';
import { select } from '../../daemon/core/flow/select.ts';
import { compileTemplate } from '../../daemon/core/message/template.ts';
import { now } from './clock.ts';
import { eventFitting, SHAPES } from './shapes.ts';
import { median } from './statistics.ts';

const BATCH = 1000;
const DECIDED_AT = Date.parse('2026-11-23T08:00:00Z');

/** Part of a ruleset that `select` needs. */
export type Rules = Pick<Ruleset, 'rules' | 'index' | 'resolving' | 'sources'>;

/** Makes `count` rules, with the shapes in turn. */
export function rulesOfShapes(count: number): readonly CompiledRule[] {
  const template = compileTemplate('{{ source }}|{{ type }}|{{ subject }}');
  if (!template.ok) throw new Error(template.message);
  return Array.from({ length: count }, (_, index) => ({
    name: `r${index}`,
    ...matchOf(index),
    key: template.template,
    enabled: true,
    catchAll: false,
    onError: 'skip',
    message: {},
    keyReadsNow: false,
    steps: [],
    notify: [],
  }));
}

function matchOf(index: number): Pick<CompiledRule, 'match' | 'matcher' | 'condition'> {
  const shape = SHAPES[index % SHAPES.length]!;
  const number = Math.floor(index / SHAPES.length);
  const match = shape.match(number);
  const matcher = compileMatch(match);
  if (!matcher.ok) throw new Error(JSON.stringify(matcher.problems));
  const condition = shape.condition === undefined ? undefined : compileCondition(shape.condition(number));
  if (condition?.ok === false) throw new Error(condition.message);
  return { match, matcher: matcher.matcher, ...(condition !== undefined && { condition: condition.condition }) };
}

export function indexed(rules: readonly CompiledRule[]): Rules {
  return { rules, index: buildIndex(rules), resolving: buildResolvingIndex(rules), sources: new Map() };
}

/** Selects the name of the rule for an event. */
export type Select = (event: Event) => string;

/** Selection by the index. */
export function selecting(rules: Rules): Select {
  const ruleset = rules as Ruleset;
  return (event) => {
    const [first, second] = select(event, ruleset, DECIDED_AT);
    return first?.kind === 'match' && second === undefined ? first.rule.name : '';
  };
}

/** The floor: one lookup of the event's type. */
export function lookingUp(count: number): Select {
  const byType = new Map(Array.from({ length: count }, (_, index) => [`type-${index}`, `r${index}`]));
  return ({ type }) => byType.get(type) ?? '';
}

/** Nanoseconds for an event: the median over batches of new events. */
export function costOf(select: Select, count: number, batches: number): number {
  return median(Array.from({ length: batches }, (_, batch) => batchCost(select, count, batch, true)));
}

/** The same for several functions in turn, so that disturbances affect all of them alike. */
export function costsOf(
  selects: readonly { readonly select: Select; readonly count: number; readonly checked: boolean }[],
  batches: number,
): readonly number[] {
  const costs = selects.map((): number[] => []);
  for (let batch = 0; batch < batches; batch += 1) {
    for (const [at, { select, count, checked }] of selects.entries()) {
      costs[at]!.push(batchCost(select, count, batch, checked));
    }
  }
  return costs.map(median);
}

function batchCost(select: Select, count: number, batch: number, checked: boolean): number {
  const wanted = Array.from({ length: BATCH }, (_, index) => ((batch * BATCH + index) * 7919) % count);
  const events = wanted.map((index) => JSON.parse(eventFitting(index)) as Event);
  const found = Array.from({ length: BATCH }, () => '');
  const startedAt = now();
  for (let index = 0; index < BATCH; index += 1) found[index] = select(events[index]!);
  const took = now() - startedAt;
  if (checked) for (const [at, index] of wanted.entries()) expectRule(found[at]!, index);
  return (took * 1e6) / BATCH;
}

function expectRule(found: string, index: number): void {
  if (found !== `r${index}`)
    throw new Error(`the event for r${index} matched ${found === '' ? 'no rule or several' : found}`);
}
