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
    id: 'I4',
    attack: 'a secret that a reload changes while 100 attempts are in flight',
    answer: 'each request has one whole secret, and every attempt after the reload the new one',
  },
  {
    id: 'I5',
    attack: 'SIGHUPs and reloads during the start, during another reload and during the stop',
    answer: 'done one after another; the last state is in use, and the exit code is 0',
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
    id: 'I10',
    attack: 'no inotify watch, or no inotify instance, left for the user',
    answer: '`status`, `/readyz` and `doctor` name the sysctl; scans find the files',
  },
  {
    id: 'I11',
    attack: '8,300 files made while the process is stopped, more than the queue of the kernel holds',
    answer: 'each is reported once',
  },
  {
    id: 'I12',
    attack: 'a FIFO, a socket, a device and a sparse file of 1 TB in a watched folder',
    answer: 'never read; other files are reported',
  },
  {
    id: 'I13',
    attack: 'a file that is appended to for ever, rotated by rename and by truncation',
    answer: 'every line is an event once',
  },
  { id: 'I14', attack: 'files of the years 1970 and 2100', answer: 'reported once like any other' },
] as const satisfies readonly Row[];
