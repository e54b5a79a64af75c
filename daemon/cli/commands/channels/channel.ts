import type { Verb } from '../../context.ts';
import { declareList } from './list.ts';
import { declareTest } from './test.ts';
import { declareTypes } from './types.ts';

export const verb: Verb = (program, context) => {
  const channel = program.command('channel').description('list and test channels, describe their types');
  declareList(channel, context);
  declareTest(channel, context);
  declareTypes(channel, context);
};
