import type { Template } from '../ruleset.ts';

/** An output, or a tag that may write more than the text between the tags. */
const WRITES_VALUES = /\{\{|\{%(?!-?\s*(?:if|elsif|else|endif|unless|endunless|case|when|endcase)\b)/;
const IN_MENTION = /^@*(?:all|everyone|所有人)$/i;
const KIND = /^@*(?:user|mobile):/;
const ESCAPE = '\\';

/** A word in `mention` that stands for all members of a group. */
export const isBroadcastMention = (name: string): boolean => IN_MENTION.test(name);

const isBroadcast = {
  to: (name: string) => name === '*',
  mention: (name: string) => isBroadcastMention(name.replace(KIND, '').trim()),
} as const;

/**
 * Only what is written in the rules may reach everybody. Where an event says so, a backslash before the word keeps every channel
 * from taking it for one: the first, its fallback, and that of a resend.
 */
export function withoutBroadcast(field: keyof typeof isBroadcast, template: Template, name: string): string {
  return WRITES_VALUES.test(template.source) && isBroadcast[field](name) ? `${ESCAPE}${name}` : name;
}

/** The entry of `to` was `*`, and came from an event. */
export const isBroadcastOfEvent = (name: string): boolean => name === `${ESCAPE}*`;
