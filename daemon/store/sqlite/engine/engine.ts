import { audit } from '../history/audit.ts';
import { Connection } from './connection.ts';
import { DiskWatch, faultOf } from '../disk/fault.ts';
import { FILED_AT_ONCE, fileNames } from '../events/name-index.ts';
import { trim } from '../history/trim.ts';
import { FileReplaced, OpenFiles } from '../disk/open-files.ts';
import { PROCEDURES } from './procedures.ts';
import type { Committed, DiskCheck, Reply, Request, TaskName, Value } from './protocol.ts';
import { search } from '../history/search.ts';
import { MIGRATIONS, SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { PROCEDURE_TAKES, type ProcedureName, WRITES, type WriteName } from './statements.ts';

/** After this many bytes of new rows the log is folded back into the database file. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024;
/** What a commit writes beyond its rows: partly filled pages of the tables and of the index. */
const COMMIT_OVERHEAD = 16 * 1024;

/** After this many bytes of new rows SQLite is asked how much the tables take; in between they are added up. */
const MEASURED_EVERY = 1024 * 1024;

/** How one kind of write is carried out; undefined when it finds nothing that anybody asked for. */
interface Writer {
  readonly takes: number;
  readonly run: (values: readonly Value[]) => unknown;
}

/** The version in the file is higher than ours. */
export class NewerSchema extends Error {}

/** SQLite behind a synchronous door: one request, one reply. Lives in a worker thread, or in the main one where there is none. */
export class SqliteEngine {
  readonly #db: Connection;
  readonly #disk: DiskWatch;
  readonly #files: OpenFiles;
  readonly #writers = new Map<WriteName, Writer>();
  #sinceCheckpoint = 0;
  /** What the tables took when that was last asked, and what was written since. */
  #measured = 0;
  #sinceMeasured = 0;
  /** Names that were noted since some were filed. */
  #unfiled = 0;
  #isOpen = false;
  #failure: (Reply & { ok: false }) | undefined;
  /** The last commit that failed. */
  #undone: { readonly generation: number; readonly reply: Reply } | undefined;

  /** `file` is a path or `:memory:`. Opens nothing else; tables are made by the first request, `open`. */
  constructor(file: string) {
    this.#db = new Connection(file);
    this.#disk = new DiskWatch(file);
    this.#files = new OpenFiles(file === ':memory:' ? [] : [file, `${file}-wal`]);
  }

  /** Never throws. After a fault of the medium every answer is that fault, so that no fsync is ever tried twice. */
  handle(request: Request): Reply {
    if (this.#failure !== undefined && request.kind !== 'close') return this.#failure;
    const generation = request.kind === 'commit' ? request.generation : undefined;
    if (generation !== undefined && generation === this.#undone?.generation) return this.#undone.reply;
    try {
      return { ok: true, value: this.#answer(request) };
    } catch (error) {
      const reply = this.#refusal(error);
      if (generation !== undefined) this.#undone = { generation, reply };
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

  #refusal(error: unknown): Reply {
    const fault =
      error instanceof NewerSchema ? 'newer' : error instanceof FileReplaced ? 'failed' : faultOf(error, this.#disk);
    const message = error instanceof Error ? error.message : String(error);
    const reply = { ok: false, fault, message } as const;
    if (fault === 'failed') this.#failure = reply;
    else this.#rollback();
    return reply;
  }

  #rollback(): void {
    try {
      this.#db.rollback();
    } catch (error) {
      this.#failure = { ok: false, fault: 'failed', message: `rolling back failed: ${String(error)}` };
    }
  }

  #commit(writes: readonly WriteName[], values: readonly Value[]): Committed {
    const results = this.#db.transaction(() => this.#write(writes, values));
    // After it: what was committed to a file that is gone is not durable, and must not be answered as such.
    this.#files.checkOften();
    this.#countTowardsCheckpoint(values);
    if (this.#sinceMeasured > MEASURED_EVERY) this.#measure();
    return { results, bytes: this.#measured + this.#sinceMeasured };
  }

  #measure(): void {
    this.#measured = this.#db.bytes();
    this.#sinceMeasured = 0;
  }

  #write(writes: readonly WriteName[], values: readonly Value[]): [number, unknown][] {
    const results: [number, unknown][] = [];
    let at = 0;
    for (const [position, name] of writes.entries()) {
      const { takes, run } = this.#writer(name);
      const found = run(values.slice(at, at + takes));
      if (found !== undefined) results.push([position, found]);
      at += takes;
      if (name === 'eventName') this.#unfiled += 1;
    }
    if (this.#unfiled >= FILED_AT_ONCE) {
      fileNames(this.#db);
      this.#unfiled = 0;
    }
    return results;
  }

  #writer(name: WriteName): Writer {
    let writer = this.#writers.get(name);
    if (writer === undefined) this.#writers.set(name, (writer = this.#makeWriter(name)));
    return writer;
  }

  #makeWriter(name: WriteName): Writer {
    if (isProcedure(name))
      return { takes: PROCEDURE_TAKES[name], run: (values) => PROCEDURES[name](this.#db, values) ?? null };
    const statement = this.#db.statement(WRITES[name].sql);
    return {
      takes: WRITES[name].takes,
      run(values) {
        statement.run(values as Value[]);
        return undefined;
      },
    };
  }

  #countTowardsCheckpoint(values: readonly Value[]): void {
    let written = 0;
    for (const value of values) written += typeof value === 'string' ? value.length : 8;
    this.#sinceCheckpoint += COMMIT_OVERHEAD + written;
    this.#sinceMeasured += written;
  }

  /**
   * Folds the log into the database file when enough has gathered; called between requests. SQLite's own checkpoint inside
   * COMMIT hides its errors, and an fsync that failed must not go unseen. No room is no harm: the log keeps everything.
   */
  checkpointIfDue(): Reply | undefined {
    if (this.#sinceCheckpoint < CHECKPOINT_BYTES || this.#failure !== undefined) return undefined;
    this.#sinceCheckpoint = 0;
    try {
      this.#db.statement('PRAGMA wal_checkpoint(PASSIVE)').all([]);
      return undefined;
    } catch (error) {
      const reply = this.#refusal(error);
      return reply.ok || reply.fault !== 'failed' ? undefined : reply;
    }
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
      audit: () => audit(this.#db, argument as Parameters<typeof audit>[1]),
      search: () => search(this.#db, argument as Parameters<typeof search>[1]),
    };
    return tasks[task]();
  }

  /** Takes the file for this process alone, and makes the tables when it is new. A file of a newer version is not written to. */
  #open(): { readonly bytes: number } {
    this.#db.pragma('locking_mode = EXCLUSIVE');
    const [version] = this.#db.statement('PRAGMA user_version').get([]) as [number];
    if (version > SCHEMA_VERSION) throw new NewerSchema(String(version));
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = FULL');
    this.#db.pragma('wal_autocheckpoint = 0');
    this.#db.pragma('foreign_keys = OFF');
    const steps = version === 0 ? [SCHEMA] : MIGRATIONS.slice(version - 1);
    if (steps.length > 0)
      this.#db.transaction(() => this.#db.execute([...steps, `PRAGMA user_version = ${SCHEMA_VERSION}`].join('\n')));
    this.#fileNoted();
    this.#isOpen = true;
    this.#files.begin();
    this.#measure();
    return { bytes: this.#measured };
  }

  /** Files the names that were noted before the start. Without room they stay noted, and are filed with the next commit. */
  #fileNoted(): void {
    try {
      this.#db.transaction(() => fileNames(this.#db));
    } catch (error) {
      if (faultOf(error, this.#disk) !== 'full') throw error;
      this.#rollback();
      this.#unfiled = FILED_AT_ONCE;
    }
  }

  /** How the disk is while nothing is written. */
  #check(): DiskCheck {
    this.#files.check();
    return { hasRoom: this.#disk.hasRoom() };
  }

  /**
   * Leaves one file, and its lock free at once: libsql closes the connection only when its statements are collected, so the
   * lock is given up by leaving the WAL mode. Without room for that the log stays, and is read at the next start.
   */
  #close(): void {
    try {
      if (this.#failure === undefined && this.#isOpen) {
        this.#db.pragma('wal_checkpoint(TRUNCATE)');
        this.#db.pragma('journal_mode = DELETE');
        this.#db.pragma('locking_mode = NORMAL');
        this.#db.pragma('user_version');
      }
    } finally {
      this.#isOpen = false;
      this.#writers.clear();
      this.#db.close();
    }
  }
}

function isProcedure(name: WriteName): name is ProcedureName {
  return name in PROCEDURES;
}
