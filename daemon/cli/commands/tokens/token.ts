import type { Verb } from '../../context.ts';
import { declareEnd } from './end.ts';
import { declareList } from './list.ts';
import { declareNew } from './new.ts';

export const verb: Verb = (program, context) => {
  const token = program
    .command('token')
    .description('make tokens of the API, list them with their uses, and end sessions');
  for (const declare of [declareNew, declareList, declareEnd]) declare(token, context);
};
