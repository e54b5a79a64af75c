import type { Verb } from '../../context.ts';
import { declareChange } from './change.ts';

export const verb: Verb = (program, context) =>
  declareChange(program, context, 'ack', 'acknowledge the alerts of a key: no more repeats and escalations');
