import type { Row } from './row.ts';

export const deadLetters = [
  {
    id: 'H1',
    attack: 'a cut last line, empty lines, CRLF, a byte order mark, no line end',
    answer: 'the records are read; a cut line is moved to a file of its own',
  },
  {
    id: 'H2',
    attack: 'lines that are `{}`, a list, no JSON, nested 200,000 levels, or have a field of a wrong type',
    answer: 'reported by number and pointer, and kept byte for byte',
  },
  { id: 'H3', attack: 'a record twice', answer: 'sent once' },
  {
    id: 'H4',
    attack: 'records whose deliveries have been delivered or dropped: resent, sent to another channel, decided anew',
    answer: 'nothing is sent; the result is the earlier one, or `resend.gone`, and the records leave the file',
  },
  {
    id: 'H5',
    attack: 'an edited channel, address, recipient or attachment',
    answer: 'sent by the channel of the rules with this name only; others stay, and an address is not used',
  },
  {
    id: 'H6',
    attack: 'a line of 100 MB',
    answer: 'reported, kept, and never in memory; the record beside it is sent',
  },
  {
    id: 'H7',
    attack: '`__proto__`, U+2028, NUL and lone surrogates in a record',
    answer: 'sent as data; no object gets a property',
  },
  {
    id: 'H8',
    attack: 'a FIFO, a directory and a device in place of the file',
    answer: 'refused by name; nothing hangs, and the daemon goes on',
  },
  { id: 'H9', attack: 'an editor that replaces the file while the daemon appends', answer: 'both are kept' },
  { id: 'H10', attack: 'a file that every user may read', answer: 'its mode is set back to 0600' },
  {
    id: 'H11',
    attack: 'a resend of 2,000 records to an endpoint that is down',
    answer: 'a job that can be cancelled; every record stays in the file',
  },
  {
    id: 'H12',
    attack:
      'a state directory that is read-only or on a tmpfs, and one that is removed or replaced while the daemon runs',
    answer:
      'exit code 78 before anything is touched; a tmpfs is used, and `doctor` warns; else exit code 74, and no store is made anew',
  },
] as const satisfies readonly Row[];
