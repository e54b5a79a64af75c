import type { VNode } from 'preact';
import { place } from '../../lib/router.ts';
import { History } from './history.tsx';
import { RuleList } from './rule-list.tsx';
import { RulePage } from './rule.tsx';

/** Rules in force, one of them at `#/rules/NAME`, or their changes at `#/rules?generation=N`. */
export function Rules(): VNode {
  const { path, query } = place.value;
  const name = path[1];
  if (name !== undefined) return <RulePage key={name} name={name} />;
  return query.generation === undefined ? <RuleList /> : <History />;
}
