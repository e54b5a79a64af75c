import type { Row } from './row.ts';

export const files = [
  {
    id: 'I1',
    attack: 'rules saved in two writes, by rename, by an editor with backups, and by a swapped folder link',
    answer: 'the last state is in use; a half of a file never is',
  },
  { id: 'I2', attack: '300 SIGHUPs at once', answer: 'fewer reloads than signals; the last state is in use' },
  {
    id: 'I3',
    attack: 'a reload that removes a channel with pending deliveries',
    answer: 'they wait as `held`, and go out when the channel is back',
  },
  {
    id: 'I6',
    attack: 'rules that vanish: a file that cannot be read, a folder that is moved away',
    answer: 'the live rules stay, and `/readyz` says so',
  },
  { id: 'I7', attack: 'links that lead in a circle in a watched folder', answer: 'each file is reported once' },
  {
    id: 'I8',
    attack: 'a watched file that becomes a link to a private file, and a link that is swapped again and again',
    answer: 'no content from outside of the folder is in an event',
  },
  {
    id: 'I9',
    attack: 'file names with line ends, ESC, templates, a leading dash, 255 bytes, and bytes that are not UTF-8',
    answer: 'shown as text in the message, and one line in the log',
  },
  {
    id: 'I12',
    attack: 'a FIFO, a socket, a device and a sparse file of 1 TB in a watched folder',
    answer: 'never read; other files are reported',
  },
  { id: 'I14', attack: 'files of the years 1970 and 2100', answer: 'reported once like any other' },
] as const satisfies readonly Row[];
