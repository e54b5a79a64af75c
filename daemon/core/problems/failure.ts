/**
 * Why a send failed. `transient`: nothing but time is wrong. `permanent`: a person must
 * change something, so waiting would hide it. `unknown`: the request went out and no answer tells what became of it.
 */
export type FailureClass = 'transient' | 'permanent' | 'unknown';

export interface FailureDetail {
  /** The HTTP status or SMTP reply code, when there was one. */
  readonly status?: number;
  /** What the far side said, at most 4 KiB of it. */
  readonly body?: string;
  /** Not before this many milliseconds from now: the far side's `Retry-After` or its documented pause. */
  readonly retryAfter?: number;
  /** The far side limits our rate: the whole channel pauses for `retryAfter`. */
  readonly rateLimited?: boolean;
  /** Credentials or configuration of the channel are refused (401, 403, a bad-token code): all its deliveries would fail alike. */
  readonly misconfigured?: boolean;
  /** Nobody listened there: a connection that is taken tells that it is worth trying again. */
  readonly refusedAt?: readonly Endpoint[];
  readonly cause?: unknown;
}

/** Where a TCP connection goes. */
export interface Endpoint {
  /** A literal IP address. */
  readonly address: string;
  readonly port: number;
}

/** The one error a channel throws. `code` is stable and greppable (`wecom.93000`, `http.401`, `smtp.535`, `net.refused`); `message` never holds a URL or a setting. */
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

/** One thing that is wrong with a rules file: where, what, and what to do about it. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Stable, dotted: `yaml.duplicate_key`, `schema.unknown_key`, `rule.unknown_channel`. */
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

/** A warning is about what is valid and never works; it keeps nothing from being used. */
export type Level = 'error' | 'warning';

export interface LeveledProblem extends Problem {
  readonly level: Level;
}

export function withLevel(level: Level, problems: readonly Problem[]): readonly LeveledProblem[] {
  return problems.map(({ file, line, column, ...rest }) => ({ file, line, column, level, ...rest }));
}

/** The machine failed, not the far side and not the user's YAML. `exit` is the process's exit code when nobody can go on. */
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

/** The exit codes (docs/operations.md). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  nothing: 3,
  unreachable: 69,
  disk: 74,
  locked: 75,
  config: 78,
  /** Never seen from outside: the process then ends by the signal that it got. */
  interrupted: 130,
} as const;
