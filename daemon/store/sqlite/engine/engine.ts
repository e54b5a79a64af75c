import { readActivity } from '../blocks/read-activity.ts';
import type { IndexResult, IndexStep } from '../blocks/build.ts';
import { HistoryIndex } from '../blocks/history-index.ts';
import { type audit, auditOrDamage } from '../history/audit.ts';
import type { Audit } from '../../store.ts';
import { adopt } from '../copy/adopt.ts';
import { DatabaseSnapshot, type SnapshotFiles } from '../copy/snapshot.ts';
import { Connection } from './connection.ts';
import { DiskSpace, faultOf } from '../disk/fault.ts';
import { MERGE_AT, mergeNewNames } from '../events/name-index.ts';
import { trim } from '../history/trim.ts';
import { OpenFiles } from '../disk/files.ts';
import { malformationOf, malformedText } from '../disk/malformed.ts';
import { isFinal } from '../errors.ts';
import { DatabaseLock } from './lock.ts';
import type { Committed, DiskCheck, Refusal, Reply, Request, TaskName } from './protocol.ts';
import type { Value } from '../../shared/writes.ts';
import { search } from '../history/search.ts';
import { MIGRATIONS, SCHEMA, SCHEMA_VERSION } from './schema.ts';
import type { WriteName } from '../../shared/names.ts';
import { Writers } from './writers.ts';

/** Bytes of new rows after which the write-ahead log is copied into the database file. */
const WAL_CHECKPOINT_BYTES = 8 * 1024 * 1024;
/** Copies of the log that may be refused one after another. */
const MAX_CHECKPOINTS_REFUSED = 10;
/** Bytes that a commit writes beyond its rows: partly filled pages of tables and index. */
const COMMIT_OVERHEAD_BYTES = 16 * 1024;

/** Bytes of new rows after which the size of the tables is measured again; in between new rows are added to it. */
const MEASURE_AFTER_BYTES = 1024 * 1024;

/** SQLite database that answers requests synchronously. Runs in a worker thread, or in the main thread without one. */
export class SqliteEngine {
  readonly #file: string;
  readonly #db: Connection;
  readonly #disk: DiskSpace;
  readonly #lock: DatabaseLock;
  readonly #files: OpenFiles;
  readonly #index: HistoryIndex;
  readonly #writers: Writers;
  readonly #snapshot = new DatabaseSnapshot();
  #sinceWalCheckpoint = 0;
  /** Copies of the log that were refused one after another. */
  #checkpointsRefused = 0;
  /** Size of the tables when last measured, and bytes written since. */
  #measured = 0;
  #sinceMeasured = 0;
  /** Number of rows in `new_names`. */
  #unmerged = 0;
  #failure: Refusal | undefined;
  /** Last commit that failed: others of its generation get the same reply. */
  #failedCommit: { readonly generation: number; readonly reply: Reply } | undefined;

  /** `file` is a path or `:memory:`. The tables are created by the first request, the task `open`. */
  constructor(file: string) {
    this.#file = file;
    this.#db = new Connection(file);
    this.#disk = new DiskSpace(file);
    this.#lock = new DatabaseLock(file, this.#db, this.#disk);
    this.#index = new HistoryIndex(this.#db);
    this.#writers = new Writers(this.#db);
    this.#files = new OpenFiles(file === ':memory:' ? [] : [file, `${file}-wal`]);
  }

  /** Never throws. After a failure of the medium every reply is that failure, so that no fsync is tried twice. */
  handle(request: Request): Reply {
    if (this.#failure !== undefined && request.kind !== 'close') return this.#failure;
    const generation = request.kind === 'commit' ? request.generation : undefined;
    if (generation !== undefined && generation === this.#failedCommit?.generation) return this.#failedCommit.reply;
    try {
      return { ok: true, value: this.#answer(request) };
    } catch (error) {
      const reply = this.#refusal(error);
      if (generation !== undefined) this.#failedCommit = { generation, reply };
      return reply;
    }
  }

  #answer(request: Request): unknown {
    switch (request.kind) {
      case 'commit':
        return this.#commit(request.writes, request.values);
      case 'read':
        return request.reads.map((read) => this.#db.rows(read));
      case 'task':
        return this.#run(request.task, request.argument);
      case 'close':
        return this.#close();
    }
  }

  #refusal(error: unknown): Refusal {
    const fault = faultOf(error, this.#disk);
    const what = malformationOf(error);
    const text = error instanceof Error ? error.message : String(error);
    const message = what === undefined ? text : malformedText(this.#file, what);
    const reply = { ok: false, fault, message } as const;
    if (fault === 'full') this.#snapshot.giveUp();
    if (isFinal(fault)) this.#failure = reply;
    else this.#rollback();
    return reply;
  }

  #rollback(): void {
    try {
      this.#db.rollback();
      this.#index.rolledBack();
    } catch (error) {
      this.#failure = { ok: false, fault: 'failed', message: `rolling back failed: ${String(error)}` };
    }
  }

  #commit(writes: readonly WriteName[], values: readonly Value[]): Committed {
    const results = this.#db.transaction(() => this.#write(writes, values));
    // A commit to a removed file is not durable, so the files are checked after it and before the reply.
    this.#files.checkOften();
    this.#countWritten(values);
    if (this.#sinceMeasured > MEASURE_AFTER_BYTES) this.#measure();
    return { results, bytes: this.#measured + this.#sinceMeasured };
  }

  #buildBlock(step: IndexStep): IndexResult {
    const result = this.#index.build(step);
    this.#countBytes(result.bytes);
    return result;
  }

  #measure(): void {
    this.#measured = this.#db.bytes();
    this.#sinceMeasured = 0;
  }

  #write(writes: readonly WriteName[], values: readonly Value[]): [number, unknown][] {
    const results: [number, unknown][] = [];
    let at = 0;
    for (const [position, name] of writes.entries()) {
      const { parameters, run } = this.#writers.of(name);
      const found = run(values.slice(at, at + parameters));
      if (found !== undefined) results.push([position, found]);
      at += parameters;
      if (name === 'eventName') this.#unmerged += 1;
      if (name === 'delivery' || name === 'triedDelivery') this.#index.added(Number(values[at - parameters]));
    }
    if (this.#unmerged >= MERGE_AT) {
      mergeNewNames(this.#db);
      this.#unmerged = 0;
    }
    return results;
  }

  #countWritten(values: readonly Value[]): void {
    let written = 0;
    for (const value of values) written += typeof value === 'string' ? value.length : 8;
    this.#countBytes(written);
  }

  #countBytes(written: number): void {
    this.#sinceWalCheckpoint += COMMIT_OVERHEAD_BYTES + written;
    this.#sinceMeasured += written;
  }

  /**
   * Copies the write-ahead log into the database file once it is large enough; called between requests. SQLite's own checkpoint
   * inside COMMIT hides its errors, and a failed fsync must not be hidden. A full disk does no harm: the log keeps everything. Any other
   * error that lasts is a fault: the log would grow without bound.
   */
  walCheckpointIfDue(): Refusal | undefined {
    if (this.#sinceWalCheckpoint < WAL_CHECKPOINT_BYTES || this.#failure !== undefined) return undefined;
    if (this.#snapshot.delaysCheckpoint(this.#sinceWalCheckpoint)) return undefined;
    try {
      this.#walCheckpoint();
      this.#checkpointsRefused = 0;
      return undefined;
    } catch (error) {
      const reply = this.#refusal(error);
      this.#checkpointsRefused += reply.fault === 'full' ? 0 : 1;
      return isFinal(reply.fault) || this.#checkpointsRefused >= MAX_CHECKPOINTS_REFUSED ? reply : undefined;
    }
  }

  /** Returns whether the whole log is in the database file now. */
  #walCheckpoint(): boolean {
    this.#sinceWalCheckpoint = 0;
    const [, frames, copied] = this.#db.statement('PRAGMA wal_checkpoint(PASSIVE)').get([]) as [number, number, number];
    return frames === copied;
  }

  #run(task: TaskName, argument: unknown): unknown {
    const tasks: Record<TaskName, () => unknown> = {
      open: () => this.#open(),
      trim: () => {
        const result = trim(this.#db, argument as Parameters<typeof trim>[1]);
        this.#measure();
        return result;
      },
      check: () => this.#check(),
      audit: () => this.#audit(argument as Parameters<typeof audit>[1]),
      beginCopy: () => this.#beginCopy(),
      endCopy: () => this.#snapshot.end(),
      adopt: () => adopt(this.#db, this.#lock.take(), argument as Parameters<typeof adopt>[2]),
      search: () => search(this.#db, argument as Parameters<typeof search>[1]),
      index: () => this.#buildBlock(argument as IndexStep),
      activity: () => readActivity(this.#db, Number(argument)),
    };
    return tasks[task]();
  }

  /** Locks the file for this process and creates or migrates the tables. A file of a later version is not changed. */
  #open(): { readonly bytes: number } {
    const version = this.#lock.takeWithLog();
    this.#db.pragma('synchronous = FULL');
    this.#db.pragma('wal_autocheckpoint = 0');
    this.#db.pragma('foreign_keys = OFF');
    const steps = version === 0 ? [SCHEMA] : MIGRATIONS.slice(version - 1);
    if (steps.length > 0)
      this.#db.transaction(() => this.#db.execute([...steps, `PRAGMA user_version = ${SCHEMA_VERSION}`].join('\n')));
    this.#mergeLeftNames();
    this.#files.remember();
    this.#measure();
    return { bytes: this.#measured };
  }

  /** Begins a copy, also of a database that no daemon uses. */
  #beginCopy(): SnapshotFiles {
    if (!this.#lock.isHeld) this.#lock.take();
    return this.#snapshot.begin(this.#db, this.#file, () => {
      try {
        return this.#walCheckpoint();
      } catch (error) {
        if (faultOf(error, this.#disk) !== 'full') throw error;
        return false;
      }
    });
  }

  /** Merges the names left in `new_names`. On a full disk they stay there and are merged with the next commit. */
  #mergeLeftNames(): void {
    try {
      this.#db.transaction(() => mergeNewNames(this.#db));
    } catch (error) {
      if (faultOf(error, this.#disk) !== 'full') throw error;
      this.#rollback();
      this.#unmerged = MERGE_AT;
    }
  }

  /** Counts nothing in a damaged file, where rows may be missing. */
  #audit(deadLetters: readonly string[]): Audit {
    const found = auditOrDamage(this.#db, deadLetters);
    if (typeof found !== 'string') return found;
    return { events: {}, deliveries: {}, violations: [malformedText(this.#file, found)] };
  }

  /** Checks the files and the free space. */
  #check(): DiskCheck {
    this.#files.check();
    return { hasSpace: this.#disk.hasSpace() };
  }

  /**
   * Leaves a single file and releases its lock at once. libsql closes the connection only when its statements are garbage
   * collected, so the lock is released by leaving WAL mode. On a full disk the log stays and is read at the next start.
   */
  #close(): void {
    this.#snapshot.giveUp();
    try {
      if (this.#failure === undefined && this.#lock.isHeld) {
        this.#db.pragma('wal_checkpoint(TRUNCATE)');
        this.#db.pragma('journal_mode = DELETE');
        this.#lock.release();
      }
    } finally {
      this.#writers.clear();
      this.#db.close();
    }
  }
}
