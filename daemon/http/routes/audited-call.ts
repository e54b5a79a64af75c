import type { IncomingMessage } from 'node:http';
import { type AuditAction, type AuditEntry, type AuditWay, USER_HEADER } from '../../core/audit/entry.ts';
import { PERSON } from '../../core/values/value-kind.ts';
import type { AuditLogApi } from '../api/audit.ts';
import { problemOf } from '../problem.ts';
import { callerName, SOCKET_CALLER } from '../request/auth.ts';
import { addressOf } from '../request/limits/failed-logins.ts';
import type { Caller } from '../stream/stream-server.ts';

/** The action of a route in the audit log, or the reason why it has none. */
export type RouteAudit = AuditAction | { readonly none: string };

/** Facts about an action that only its handler knows. */
export interface AuditNote {
  readonly target?: string | undefined;
  /** Name that the request gives itself. */
  readonly by?: string | undefined;
  /** Actor, where the caller is not known by a token. */
  readonly actor?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** One call of a route that changes something: its line in the audit log. */
export interface AuditedCall {
  /** Writes the line. Handlers call it before they answer, so that no answered action lacks its line. */
  done(note?: AuditNote): Promise<void>;
  /** The call changed nothing, such as one that only plans. */
  nothing(): void;
}

export interface CallParts {
  readonly audit: RouteAudit | undefined;
  readonly request: IncomingMessage;
  readonly caller: Caller | undefined;
  readonly log: Pick<AuditLogApi, 'record'>;
}

export class RecordedCall implements AuditedCall {
  readonly #parts: CallParts;
  #isRecorded = false;

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  async done(note: AuditNote = {}): Promise<void> {
    const { audit } = this.#parts;
    if (typeof audit !== 'string') throw new Error('a route without an action in the audit log records one');
    this.#isRecorded = true;
    await this.#parts.log.record(this.#entry(audit, note, 'done'));
  }

  nothing(): void {
    this.#isRecorded = true;
  }

  /** Called when the handler has returned: an action that it did not record is recorded now. */
  async ended(): Promise<void> {
    if (typeof this.#parts.audit === 'string' && !this.#isRecorded) await this.done();
  }

  /** Records an action that failed by an error of the daemon, since it may be done in part. What a request got wrong has changed nothing. */
  async failed(error: unknown): Promise<void> {
    const { audit, log } = this.#parts;
    if (typeof audit !== 'string' || this.#isRecorded) return;
    const { status, code } = problemOf(error) ?? { status: 500, code: 'internal' };
    if (status < 500) return;
    this.#isRecorded = true;
    await log.record(this.#entry(audit, { details: { status, code } }, 'failed'));
  }

  #entry(action: AuditAction, { target, by, actor, details }: AuditNote, result: AuditEntry['result']): AuditEntry {
    const { caller, request } = this.#parts;
    const address = addressOf(request);
    return {
      actor: actor ?? callerName(caller, by ?? claimedUser(request)) ?? caller?.name ?? 'unknown',
      via: wayOf(caller, address),
      ...(address !== undefined && { address }),
      action,
      ...(target !== undefined && { target }),
      result,
      ...(details !== undefined && { details }),
    };
  }
}

/** Name that the client gives in a header; undefined if there is none, or one that is not allowed. */
function claimedUser({ headers }: IncomingMessage): string | undefined {
  const given = headers[USER_HEADER];
  if (typeof given !== 'string') return undefined;
  try {
    return PERSON.read(decodeURIComponent(given).replace(/\p{Cc}+/gu, ' '));
  } catch {
    return undefined;
  }
}

function wayOf(caller: Caller | undefined, address: string | undefined): AuditWay {
  if (caller === SOCKET_CALLER || (caller === undefined && address === undefined)) return 'socket';
  return caller === undefined || caller.session !== undefined ? 'session' : 'token';
}

/** Lines of a job, of which the first is its plan: the action is recorded before that line is sent. */
export async function* recordedLines<T>(
  lines: AsyncIterable<T>,
  audit: AuditedCall,
  noteOf: (plan: T) => AuditNote | undefined,
): AsyncIterable<T> {
  let isFirst = true;
  for await (const line of lines) {
    if (isFirst) {
      const note = noteOf(line);
      if (note === undefined) audit.nothing();
      else await audit.done(note);
    }
    isFirst = false;
    yield line;
  }
  if (isFirst) audit.nothing();
}
