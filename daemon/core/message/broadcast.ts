import type { Template } from '../ruleset.ts';

/** Template output, or a tag that may write other text than that between the tags. */
const WRITES_VALUES = /\{\{|\{%(?!-?\s*(?:if|elsif|else|endif|unless|endunless|case|when|endcase)\b)/;
const IN_MENTION = /^@*(?:all|everyone|所有人)$/i;
const KIND = /^@*(?:user|mobile):/;
const ESCAPE = '\\';

/** Whether a word in `mention` means all members of a group. */
export const isBroadcastMention = (name: string): boolean => IN_MENTION.test(name);

const isBroadcast = {
  to: (name: string) => /^(?:\*|@all)$/i.test(name),
  mention: (name: string) => isBroadcastMention(name.replace(KIND, '').trim()),
} as const;

/**
 * Escapes a broadcast word that comes from an event, because only the rules may address everybody. The backslash is part of the
 * message, so it also applies to the fallback channel and to a resend.
 */
export function withoutBroadcast(field: keyof typeof isBroadcast, template: Template, name: string): string {
  return WRITES_VALUES.test(template.source) && isBroadcast[field](name) ? `${ESCAPE}${name}` : name;
}

/** Whether an entry of `to` was `*` and came from an event. */
export const isBroadcastOfEvent = (name: string): boolean => name === `${ESCAPE}*`;
