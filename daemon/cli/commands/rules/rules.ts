import type { Verb } from '../../context.ts';
import { declareHistory } from './rules-history.ts';
import { declareList } from './rules-list.ts';

export const verb: Verb = (program, context) => {
  const rules = program.command('rules').description('list the rules in force, or how they were changed');
  for (const declare of [declareList, declareHistory]) declare(rules, context);
};
