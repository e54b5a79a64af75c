import type { Verb } from '../../context.ts';
import { declareChange } from './change.ts';

export const verb: Verb = (program, context) =>
  declareChange(program, context, 'unack', 'take an acknowledgement back: repeats and escalations go on');
