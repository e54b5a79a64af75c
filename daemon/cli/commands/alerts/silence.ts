import type { Verb } from '../../context.ts';
import { declareAdd } from './silence-add.ts';
import { declareExpire } from './silence-expire.ts';
import { declareList } from './silence-list.ts';

export const verb: Verb = (program, context) => {
  const silence = program
    .command('silence')
    .description('add, list or end silences: events that notify nobody for a time');
  for (const declare of [declareAdd, declareList, declareExpire]) declare(silence, context);
};
