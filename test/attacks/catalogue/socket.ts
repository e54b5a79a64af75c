import type { Row } from './row.ts';

export const socket = [
  {
    id: 'C1',
    attack: 'a user outside the group connects to the socket',
    answer: 'EACCES: the socket has mode 0660; the token and the database have 0600',
  },
  {
    id: 'C2',
    attack: 'the path of the socket is a file, a folder, a link to a file, or the socket of another program',
    answer: 'exit 78, or 75 for another program; it is left as it was',
  },
  {
    id: 'C3',
    attack: 'a socket that a killed daemon left; a second daemon on the same state',
    answer: 'replaced; exit 75, and the first goes on',
  },
  { id: 'C4', attack: 'a socket path of more than 107 bytes', answer: 'exit 78, and the limit is named' },
  {
    id: 'C5',
    attack: 'another socket takes the place of that of a running daemon',
    answer: 'the daemon goes on over TCP, and its stop leaves the other socket',
  },
  {
    id: 'C6',
    attack: '1,200 connections that send nothing',
    answer: 'at most 512 are open, and closed with 408 after 5 seconds; then commands work',
  },
  {
    id: 'C7',
    attack: 'binary data, HTTP/2, a request without Host, 1 MiB without a line end',
    answer: '400 or 431, closed',
  },
  {
    id: 'C8',
    attack: 'a client that passes 200 open files with each request',
    answer: 'they are closed by the kernel; the number of open files stays',
  },
  {
    id: 'C9',
    attack: 'tokens in arguments and addresses of commands',
    answer: 'neither output nor log repeats them; `BELFRY_TOKEN` keeps them out of the list of processes',
  },
  {
    id: 'C10',
    attack: 'values that begin with `-`, shell syntax, line ends, 100 kB; names of files as ids',
    answer: 'they are data; no shell is run',
  },
  {
    id: 'C11',
    attack:
      'a dead letter with escape sequences for the screen, links, clipboard, title, and reversed text, shown on a terminal',
    answer: 'none of them reaches the terminal; `--json` has them escaped',
  },
  {
    id: 'C12',
    attack: '`NODE_OPTIONS` and `NODE_TLS_REJECT_UNAUTHORIZED` in the environment of a command',
    answer: 'the program has no setuid bit, so nothing is gained; `doctor` names them',
  },
  {
    id: 'C13',
    attack: '`check` of `/etc/shadow`, `/proc/self`, devices and folders that are no rules',
    answer: '403 for a token of scope `read`; a message with exit 78, within bounds, and no value of a reference',
  },
  { id: 'C14', attack: 'commands without a daemon', answer: 'exit 69 with a message, no stack trace' },
  {
    id: 'C15',
    attack: 'standard output that is closed, full, or not read',
    answer: 'the command ends, without a stack trace',
  },
] as const satisfies readonly Row[];
