import type { Verb } from '../../context.ts';
import { declareDrop } from './drop.ts';
import { declareEdit } from './edit.ts';
import { declareList } from './list.ts';
import { declareResend } from './resend.ts';
import { declareShow } from './show.ts';

export const verb: Verb = (program, context) => {
  const dead = program
    .command('dead')
    .description('list, edit, resend or drop dead letters: deliveries that failed for good');
  for (const declare of [declareList, declareShow, declareEdit, declareResend, declareDrop]) declare(dead, context);
};
