import type { SqliteReadName } from './statements.ts';
import type { Value } from '../../shared/writes.ts';
import type { WriteName } from '../../shared/names.ts';

/**
 * Request to the engine; requests are carried out one after another. A commit is one transaction; `values` are the parameters
 * of all its writes, concatenated. After a commit has failed, all others of its generation are refused: they were decided on
 * top of it.
 */
export type Request =
  | {
      readonly kind: 'commit';
      readonly writes: readonly WriteName[];
      readonly values: readonly Value[];
      readonly generation: number;
    }
  | { readonly kind: 'read'; readonly reads: readonly Read[] }
  | { readonly kind: 'task'; readonly task: TaskName; readonly argument: unknown }
  | { readonly kind: 'close' };

export interface Read {
  readonly name: SqliteReadName;
  readonly values: readonly Value[];
}

export type TaskName =
  | 'open'
  | 'check'
  | 'trim'
  | 'audit'
  | 'search'
  | 'index'
  | 'activity'
  | 'beginCopy'
  | 'endCopy'
  | 'adopt';

export interface Committed {
  /** Results of procedures, with their positions in `writes`. */
  readonly results: readonly (readonly [number, unknown])[];
  /** Bytes that the tables take on disk. */
  readonly bytes: number;
}

export interface DiskCheck {
  readonly hasSpace: boolean;
}

/** `full` and `broken` (a bug): nothing was changed. `failed`: the medium cannot be trusted any more. `malformed`: a file has content that SQLite did not write. `copying`: another copy is under way. */
export type EngineFault = 'full' | 'failed' | 'malformed' | 'locked' | 'newer' | 'copying' | 'broken';

export type Reply = { readonly ok: true; readonly value: unknown } | Refusal;

export interface Refusal {
  readonly ok: false;
  readonly fault: EngineFault;
  readonly message: string;
}
