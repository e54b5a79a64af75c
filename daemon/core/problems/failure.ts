/**
 * Class of a failed send. `transient`: a later attempt may succeed. `permanent`: a person must change something, so waiting would
 * hide it. `unknown`: the request was sent, and no response shows whether it was handled.
 */
export type FailureClass = 'transient' | 'permanent' | 'unknown';

export interface FailureDetail {
  /** The HTTP status or SMTP reply code, if there was one. */
  readonly status?: number;
  /** The provider's response, at most 4 KiB of it. */
  readonly body?: string;
  /** Shortest wait before the next attempt, milliseconds: the provider's `Retry-After` or its documented pause. */
  readonly retryAfter?: number;
  /** The provider limits our rate: the whole channel pauses for `retryAfter`. */
  readonly rateLimited?: boolean;
  /** The provider refused the credentials or configuration of the channel (401, 403, a bad-token code): all its deliveries would fail. */
  readonly misconfigured?: boolean;
  /** One recipient alone is refused or postponed, or the server that it chose fails; others may get the message. */
  readonly ofRecipient?: boolean;
  /** Endpoints that refused the connection: once one accepts a connection, a retry is worthwhile. */
  readonly refusedAt?: readonly Endpoint[];
  readonly cause?: unknown;
}

/** Endpoint of a TCP connection. */
export interface Endpoint {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

/** The error that channels throw. `code` is stable (`wecom.93000`, `http.401`, `smtp.535`, `net.refused`); `message` never contains a URL or a setting. */
export class SendFailure extends Error {
  readonly class: FailureClass;
  readonly code: string;
  readonly detail: FailureDetail;

  constructor(failureClass: FailureClass, code: string, message: string, detail: FailureDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'SendFailure';
    this.class = failureClass;
    this.code = code;
    this.detail = detail;
  }
}

/** A problem in a rules file: position, message, and how to mend it. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Stable, dotted: `yaml.duplicate_key`, `schema.unknown_key`, `rule.unknown_channel`. */
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

/** Level of a problem. `warning`: a setting is valid but can never work; the rules are used nevertheless. */
export type Level = 'error' | 'warning';

export interface LeveledProblem extends Problem {
  readonly level: Level;
}

export function withLevel(level: Level, problems: readonly Problem[]): readonly LeveledProblem[] {
  return problems.map(({ file, line, column, ...rest }) => ({ file, line, column, level, ...rest }));
}

/** A failure of this machine, not of a provider or the rules. `exit` is the exit code if the process has to end. */
export class BelfryError extends Error {
  readonly code: string;
  readonly exit: number;

  constructor(code: string, message: string, options: { exit?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BelfryError';
    this.code = code;
    this.exit = options.exit ?? 1;
  }
}

/** Exit codes (docs/operations.md). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  nothing: 3,
  unreachable: 69,
  disk: 74,
  locked: 75,
  config: 78,
  /** Internal: the process then ends by the signal that it received. */
  interrupted: 130,
} as const;
