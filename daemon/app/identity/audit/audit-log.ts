import { statSync } from 'node:fs';
import { type AuditEntry, type AuditLine, bounded } from '../../../core/audit/entry.ts';
import type { Closers } from '../../../lib/async/closers.ts';
import { faultLog } from '../../../lib/faults.ts';
import type { Log } from '../../../lib/log.ts';
import type { Scrubber } from '../../../lib/secrets/scrubber.ts';
import { sha256 } from '../../../lib/sha256.ts';
import { messageOf, systemErrorText } from '../../../lib/machine/system-error.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import { AuditFile, type AuditTail } from './audit-file.ts';

export interface AuditLogDeps {
  /** The state directory. */
  readonly state: string;
  readonly scrubber: Scrubber;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** Lines that are kept in memory while they cannot be written; further ones are counted. */
const MAX_KEPT = 1000;
/** Lines that are written and synced together. */
const MAX_BATCH = 200;
/** Characters of a line; a longer one loses its details. */
const MAX_LINE_CHARS = 8 * 1024;

/** An entry on its way into the file. */
interface Waiting {
  readonly at: string;
  readonly entry: AuditEntry;
  readonly written: () => void;
  /** Whether the log of the daemon has shown it. */
  isShown: boolean;
}

const NOT_WRITTEN = 'audit: an action is not in the audit log, which cannot be written now';

/**
 * Append-only log of who did what. An action is recorded before it is answered. While the file cannot be written, actions go on: an
 * acknowledgement on a full disk is worth more than its line. Their lines are kept in memory, shown in the log of the daemon, and written later.
 */
export class AuditLog {
  readonly #deps: AuditLogDeps;
  readonly #report: (fault: string | undefined) => void;
  readonly #waiting: Waiting[] = [];
  #file: AuditFile | undefined;
  /** Identity of the state directory; undefined while there is none. */
  #folder: string | undefined;
  /** End of the log as this process knows it; undefined before the first opening. */
  #tail: AuditTail | undefined;
  #lost = 0;
  #writing: Promise<void> | undefined;
  #fault: string | undefined;

  constructor(deps: AuditLogDeps) {
    this.#deps = deps;
    this.#folder = folderOf(deps.state);
    this.#report = faultLog(deps.log, 'audit: the audit log can be written again');
  }

  /** Reason why the file cannot be written; undefined if it can. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Resolves when the line is on disk, or when it cannot be written now. Never rejects. */
  record(given: AuditEntry): Promise<void> {
    const { clock, scrubber } = this.#deps;
    const entry = bounded(scrubber.scrubJson(given));
    return new Promise((resolve) => {
      const waiting = { at: rfc3339(clock.now()), entry, written: resolve, isShown: false };
      if (this.#waiting.length < MAX_KEPT) this.#waiting.push(waiting);
      else {
        this.#lost += 1;
        this.#answerUnwritten(waiting);
      }
      this.#writing ??= this.#write();
    });
  }

  /** Opens the file, and tries to write the lines that wait. */
  async check(): Promise<void> {
    if (this.#file !== undefined && this.#waiting.length === 0) return;
    this.#writing ??= this.#write();
    await this.#writing;
  }

  /** Resolves when all lines that can be written are on disk. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#waiting.length > 0) await this.check();
    await this.#file?.close();
    this.#file = undefined;
  }

  async #write(): Promise<void> {
    try {
      do {
        const file = await this.#opened();
        await this.#append(file, this.#waiting.slice(0, MAX_BATCH));
        this.#setFault(undefined);
      } while (this.#waiting.length > 0);
    } catch (error) {
      await this.#file?.close().catch(() => undefined);
      this.#file = undefined;
      this.#setFault(`the audit log cannot be written: ${systemErrorText(error) ?? messageOf(error)}`);
      for (const waiting of this.#waiting) this.#answerUnwritten(waiting);
    } finally {
      this.#writing = undefined;
    }
  }

  async #append(file: AuditFile, batch: readonly Waiting[]): Promise<void> {
    const own = this.#lost === 0 ? [] : [this.#own('audit.lost', this.#lost)];
    const lines = this.#numbered([...own, ...batch]);
    if (lines.texts.length === 0) return;
    await file.append(`${lines.texts.join('\n')}\n`, this.#tail!.seq + 1);
    this.#tail = lines.tail;
    this.#lost = 0;
    this.#waiting.splice(0, batch.length);
    for (const { written } of batch) written();
  }

  /** The current file. Opens it if it is not open, was replaced by another program, or is full. */
  async #opened(): Promise<AuditFile> {
    if (this.#file !== undefined && !(await this.#file.isCurrent())) {
      await this.#file.close();
      this.#file = undefined;
    }
    const file = this.#file ?? (await this.#open());
    if (!file.isFull) return file;
    this.#file = undefined;
    const deleted = await file.rotate();
    const next = await this.#open();
    if (deleted !== undefined) await this.#add(next, this.#own('audit.rotated', undefined, { ...deleted }));
    return next;
  }

  async #open(): Promise<AuditFile> {
    this.#refuseOtherFolder();
    const file = (this.#file = await AuditFile.open(this.#deps.state));
    const known = this.#tail;
    // Lines that another program removed are missed in the chain: the next line follows from the last one that was written.
    if (known === undefined || file.tail.seq > known.seq) this.#tail = file.tail;
    if (file.torn > 0) await this.#add(file, this.#own('audit.torn', file.torn));
    return file;
  }

  /** Throws if another folder took the place of the state directory: no file of the daemon is made there. */
  #refuseOtherFolder(): void {
    const folder = folderOf(this.#deps.state);
    this.#folder ??= folder;
    if (this.#folder !== folder) throw new Error('the state directory was replaced by another folder');
  }

  async #add(file: AuditFile, one: Pick<Waiting, 'at' | 'entry'>): Promise<void> {
    const { texts, tail } = this.#numbered([one]);
    await file.append(`${texts.join('\n')}\n`, tail.seq);
    this.#tail = tail;
  }

  #own(action: AuditEntry['action'], target?: number, details?: Readonly<Record<string, unknown>>) {
    const entry: AuditEntry = {
      actor: 'daemon',
      via: 'daemon',
      action,
      ...(target !== undefined && { target: String(target) }),
      result: 'done',
      ...(details !== undefined && { details }),
    };
    return { at: rfc3339(this.#deps.clock.now()), entry };
  }

  /** Lines with their numbers and the hash of the line before each. */
  #numbered(entries: readonly Pick<Waiting, 'at' | 'entry'>[]): { texts: readonly string[]; tail: AuditTail } {
    let { seq, hash } = this.#tail!;
    const texts = entries.map(({ at, entry }) => {
      seq += 1;
      const text = lineText({ seq, at, ...entry, prev: hash });
      hash = sha256(text);
      return text;
    });
    return { texts, tail: { seq, hash } };
  }

  #answerUnwritten(waiting: Waiting): void {
    if (!waiting.isShown) this.#deps.log.warn({ audit: waiting.entry }, NOT_WRITTEN);
    waiting.isShown = true;
    waiting.written();
  }

  #setFault(text: string | undefined): void {
    this.#fault = text;
    this.#report(text);
  }
}

/** Opens the log. The file is opened, and made if it is missing, with the first line or check. */
export function openAuditLog(deps: AuditLogDeps, closers: Closers): AuditLog {
  const audit = new AuditLog(deps);
  closers.own('audit log', () => audit.close());
  return audit;
}

function lineText(line: AuditLine): string {
  const text = JSON.stringify(line);
  return text.length <= MAX_LINE_CHARS ? text : JSON.stringify({ ...line, details: { cut: true } });
}

/** Identity of a folder, which one that takes its place does not have; undefined if there is none. */
function folderOf(folder: string): string | undefined {
  const found = statSync(folder, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
