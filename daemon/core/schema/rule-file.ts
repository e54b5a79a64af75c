import { type Static, Type } from 'typebox';
import { daemonSchema } from './daemon.ts';
import { deliverySchema } from './delivery.ts';
import { strict } from './fields.ts';
import { messageSchema } from './message.ts';
import { ruleSchema } from './rule.ts';

/** `defaults:`; they hold for the channels and rules of the same file. */
export const defaultsSchema = strict(
  {
    message: Type.Optional(messageSchema),
    delivery: Type.Optional(deliverySchema),
  },
  { description: 'What the channels and rules of this file have in common: `delivery` and `message`, field by field.' },
);

export type Defaults = Static<typeof defaultsSchema>;

/** The top-level keys of a rules file, as the editor's schema describes them. */
export const SECTIONS = {
  daemon: daemonSchema,
  defaults: defaultsSchema,
  sources: Type.Unknown({ description: 'Where events come from: name -> settings.' }),
  channels: Type.Unknown({ description: 'The ways out: name -> settings.' }),
  rules: Type.Array(ruleSchema, { description: 'Which events matter, when, and whom to tell.' }),
} as const;

/** Sections that this version does not have yet; told apart from typing errors. */
export const LATER_SECTIONS: readonly string[] = ['hours', 'silences'];

/** Names of sources and channels: they become URLs, file names and labels. */
export const ENTRY_NAME = '^[A-Za-z0-9_.-]{1,100}$';
