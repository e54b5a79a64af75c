/** Actions that the audit log records, with what is in `target`. docs/operations.md lists them. */
export const AUDITED = {
  'alert.ack': 'key of the alerts',
  'alert.unack': 'key of the alerts',
  'alert.resolve': 'key of the alerts',
  'silence.add': 'id of the silence',
  'silence.expire': 'id of the silence',
  'channel.hold': 'the channel',
  'channel.release': 'the channel',
  'channel.test': 'the channel',
  'channel.seen': 'the channel',
  'dead.resend': 'id of the job',
  'dead.edit': 'id of the dead letter',
  'dead.drop': 'id of the dead letter',
  'delivery.retry': 'id of the delivery',
  'event.rerun': 'id of the job',
  'job.pause': 'id of the job',
  'job.resume': 'id of the job',
  'job.cancel': 'id of the job',
  'rules.reload': 'the generation in force afterwards',
  'state.backup': 'none',
  'console.ticket': 'scopes of the ticket',
  'console.login': 'id of the session',
  'session.end': 'id of the session',
  'token.refused': 'the way in: `token`, `ticket`, `console`, `hook`, `beat` or `button`',
  'audit.rotated': 'none; `details` has the numbers of the lines that were deleted for the size of the log',
  'audit.torn': 'number of bytes of an incomplete last line, which a crash had left',
  'audit.lost': 'number of lines that could not be kept while the disk was full',
} as const;

export type AuditAction = keyof typeof AUDITED;

export const AUDIT_ACTIONS = Object.keys(AUDITED) as readonly AuditAction[];

/** Ways by which an action came. */
export const AUDIT_WAYS = ['socket', 'token', 'session', 'button', 'cli-offline', 'file', 'signal', 'daemon'] as const;

export type AuditWay = (typeof AUDIT_WAYS)[number];

/** `failed`: the action may have been done in part. `refused`: nothing was done. */
export type AuditResult = 'done' | 'failed' | 'refused';

/** An action of a person or of the daemon, without its time and its place in the log. */
export interface AuditEntry {
  /** Name of a token, of a person with it (`ann (token phone)`), of a session, or `files`, `signal` and `daemon`. */
  readonly actor: string;
  readonly via: AuditWay;
  /** IP address of the peer; absent for the Unix socket and for what has none. */
  readonly address?: string;
  readonly action: AuditAction;
  readonly target?: string;
  readonly result: AuditResult;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** One line of the audit log. */
export interface AuditLine extends AuditEntry {
  /** Number of the line, from 1. */
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
  /** SHA-256 of the line before it without its line break, in hex; of an empty text for the first line. */
  readonly prev: string;
}

/** State of the chain of hashes. */
export interface AuditChain {
  readonly lines: number;
  readonly ok: boolean;
  /** First line that does not follow from the one before it. */
  readonly broken?: { readonly file: string; readonly line: number; readonly message: string };
}

/** Filters of the lines; all given ones must match. */
export interface AuditQuery {
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly until?: number;
  /** The whole actor, or a name in it: `ann` finds `ann (token phone)`. */
  readonly actor?: string;
  readonly action?: AuditAction;
  readonly limit: number;
  /** Only lines before this number. */
  readonly before?: number;
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditLine[];
  /** `before` of the next page; undefined on the last one. */
  readonly next?: number;
}

/** Whether a line matches the filters. */
export function matchesAudit(line: AuditLine, { since, until, actor, action, before }: AuditQuery): boolean {
  const at = Date.parse(line.at);
  return (
    (since === undefined || at >= since) &&
    (until === undefined || at < until) &&
    (action === undefined || line.action === action) &&
    (before === undefined || line.seq < before) &&
    (actor === undefined || isActor(line.actor, actor))
  );
}

function isActor(actor: string, wanted: string): boolean {
  return actor === wanted || actor.startsWith(`${wanted} (token `) || actor.endsWith(` (token ${wanted})`);
}

/** Header with the name of the person, percent-encoded, for requests whose body has no `by`. A claim, as `by` is. */
export const USER_HEADER = 'belfry-user';

const MAX_TEXT = 1000;
const MAX_ITEMS = 20;
const MAX_DEPTH = 4;

/** Cuts long texts and lists of an entry, so that a line of the log stays short. */
export function bounded(entry: AuditEntry): AuditEntry {
  return cut(entry, 0) as AuditEntry;
}

function cut(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return '…';
  if (Array.isArray(value)) {
    const items: unknown[] = value.slice(0, MAX_ITEMS).map((item) => cut(item, depth + 1));
    return value.length > MAX_ITEMS ? [...items, `… and ${value.length - MAX_ITEMS} more`] : items;
  }
  const fields = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(fields.slice(0, MAX_ITEMS).map(([name, item]) => [cut(name, depth), cut(item, depth + 1)]));
}
