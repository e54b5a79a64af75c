import type { Row } from './row.ts';

export const templates = [
  {
    id: 'F1',
    attack: 'templates and events that reach for `constructor` and `__proto__`',
    answer: 'an error, or a plain field of the event; no property of the program is shown',
  },
  { id: 'F2', attack: 'an event whose text is a template or a secret reference', answer: 'shown as it is' },
  { id: 'F3', attack: 'templates that name the environment, the process or secrets', answer: 'an undefined variable' },
  {
    id: 'F4',
    attack: 'loops over millions, nested loops, texts that double',
    answer: 'stopped after 50,000 steps or 4,000,000 characters; the message goes out with the error',
  },
  {
    id: 'F5',
    attack: 'filters and `contains` whose work or result grows with the product of two texts of an event',
    answer: 'done in linear time, or stopped; a field has at most 65,536 characters',
  },
  { id: 'F6', attack: 'fields that the event lacks', answer: 'the message goes out with the error; never `undefined`' },
  {
    id: 'F7',
    attack: 'maps, lists, nothing, and a megabyte where a text is expected',
    answer: 'JSON, or cut at 65,536 characters with a note',
  },
  { id: 'F8', attack: 'tags that read another file', answer: 'refused when the rules are loaded' },
  {
    id: 'F9',
    attack: 'line ends and headers in the subject and sender of a mail',
    answer: 'one header; no recipient is added',
  },
  {
    id: 'F10',
    attack: 'recipients from an event: several in one text, line ends, SMTP commands, groups, routes',
    answer: 'dead as `email.bad_recipient`; nothing is sent',
  },
  {
    id: 'F11',
    attack:
      'files outside `attach_from`: absolute, by `..`, by a link, by `file:`, and addresses of the internal network',
    answer: 'not attached; the mail goes out with a note',
  },
  { id: 'F12', attack: 'scripts and handlers in an HTML mail', answer: 'escaped' },
  {
    id: 'F13',
    attack: 'mentions, links and markup of each chat in the text of an event',
    answer: 'shown as text in the markup of that chat',
  },
  {
    id: 'F14',
    attack: 'options, shell commands and markup in a desktop notification, and in the arguments of a program',
    answer: 'shown as text; each argument arrives whole, and no shell runs',
  },
  {
    id: 'F15',
    attack: 'line ends, NUL and 200,000 characters in a header of a webhook channel',
    answer: 'no header is added; dead, or sent without the invisible characters',
  },
  {
    id: 'F16',
    attack: 'quotes, line ends and lone surrogates in a JSON body',
    answer: 'valid JSON; the text comes back equal',
  },
] as const satisfies readonly Row[];
