import type { Verb } from '../../context.ts';
import { declareList } from './list.ts';
import { declareTest } from './test.ts';

export const verb: Verb = (program, context) => {
  const channel = program.command('channel').description('list or test channels');
  declareList(channel, context);
  declareTest(channel, context);
};
