import { daemonSchema } from './daemon.ts';
import { deliverySchema } from './delivery.ts';
import { strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';
import { messageSchema } from './message.ts';
import { ruleSchema } from './rule.ts';
import { silenceSchema } from './silence.ts';

/** `defaults:`, which apply to the channels and rules of the same file. */
export const defaultsSchema = strict(
  {
    message: Type.Optional(messageSchema),
    delivery: Type.Optional(deliverySchema),
  },
  { description: 'Defaults for the channels and rules of this file: `delivery` and `message`, field by field.' },
);

export type Defaults = Static<typeof defaultsSchema>;

/** The top-level keys of a rules file, as the editor's schema describes them. */
export const SECTIONS = {
  daemon: daemonSchema,
  defaults: defaultsSchema,
  sources: Type.Unknown({ description: 'The sources: name -> settings.' }),
  channels: Type.Unknown({ description: 'The channels: name -> settings.' }),
  hours: Type.Unknown({
    description: 'Times of the week that rules name in `during` and `not_during`: name -> span, or a list of spans.',
  }),
  silences: Type.Array(silenceSchema, { description: 'Silences: events that notify nobody for a time.' }),
  rules: Type.Array(ruleSchema, { description: 'The rules: they select events and say who is notified.' }),
} as const;
