/** A file of the state directory, or several of one kind. */
export interface StateFile {
  /** Path in the directory; `*` stands for a name that does not begin with a dot. */
  readonly name: string;
  /** Whether a backup has it. */
  readonly isCopied: boolean;
  /** Content, for docs/operations.md. */
  readonly about: string;
}

/** Every file that Belfry makes in a state directory. docs/operations.md shows this list. */
export const STATE_FILES: readonly StateFile[] = [
  file('belfry.db', true, 'the store: events, deliveries, alerts, timers, silences, cursors, pushes'),
  file(
    'belfry.db-wal',
    true,
    'commits that are not in `belfry.db` yet; a backup has them in `belfry.db`, unless the disk is full',
  ),
  file('belfry.db-shm', false, 'index of `belfry.db-wal`, made by other programs that read the store'),
  file('belfry.db-journal', false, 'journal of SQLite, for a moment while the store is opened or closed'),
  file('belfry.db.malformed', false, 'since when the store is malformed, if it is'),
  file('dead-letters.jsonl', true, 'the dead letters'),
  file('dead-letters.torn-*', true, 'an incomplete last line of the dead letters, moved away after a crash'),
  file('audit.jsonl', true, 'who did what: the audit log'),
  file('audit.jsonl.*', true, 'older parts of the audit log, by the number of their first line'),
  file('inbox/*', true, 'events of `belfry emit` that no daemon has read yet; `.bad`: those that are no events'),
  file('kept-rules/*', true, 'the last good rules, for a start with rules that do not load'),
  file(
    'key',
    true,
    'key of the fingerprints by which changed secrets are recognized, of the links of buttons, and of the sessions of the console',
  ),
  file('token', true, 'the first token, made when the rules have none'),
  file('last-config', true, 'path of the rules of the last daemon'),
  file(
    'attempts',
    false,
    'there while the daemon runs; after a crash the attempts that have begun since, to find a message that ends the daemon',
  ),
  file('reserve', false, 'space for settling deliveries on a full disk'),
  file('state-of-*', false, 'in the default state directory: place of the state of rules that name another'),
  file('belfry.json', false, 'record of the running daemon'),
  file('belfry.sock', false, 'the socket, or a link to it'),
  file('.restoring/*', false, 'a restore that has not ended; the daemon does not start beside it'),
  file('.*', false, 'a file that is being written, and replaces another one when it is complete'),
];

/** Folder of a restore that has not ended. */
export const RESTORING = '.restoring';

/** The entry of the list for a path in the state directory; undefined for a file that Belfry does not make. */
export function stateFileOf(name: string): StateFile | undefined {
  return STATE_FILES.find((known) => patternOf(known.name).test(name));
}

function file(name: string, isCopied: boolean, about: string): StateFile {
  return { name, isCopied, about };
}

function patternOf(name: string): RegExp {
  const escaped = name.replaceAll('.', '\\.').replace(/(\/)\*$/, '$1(?!\\.)[^/]+');
  return new RegExp(`^${escaped.replace(/\*$/, '[^/]+')}$`, 's');
}
