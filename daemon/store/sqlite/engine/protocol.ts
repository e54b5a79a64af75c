import type { ReadName, WriteName } from './statements.ts';

export type Value = string | number | null;
export type Row = readonly Value[];

/**
 * What is asked of the engine, one after another. A commit is one transaction; `values` are the parameters of all writes, end to
 * end. Once one has failed, the others of its generation are refused: they stand upon it.
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
  readonly name: ReadName;
  readonly values: readonly Value[];
}

export type TaskName = 'open' | 'check' | 'trim' | 'audit' | 'search';

export interface Committed {
  /** By position in `writes`: what a write that computes something found. */
  readonly results: readonly (readonly [number, unknown])[];
  /** What the tables take on disk. */
  readonly bytes: number;
}

export interface DiskCheck {
  readonly hasRoom: boolean;
}

/** `full`: nothing was changed. `failed`: the medium cannot be trusted any more. `broken`: a bug; nothing was changed. */
export type EngineFault = 'full' | 'failed' | 'locked' | 'newer' | 'broken';

export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: EngineFault; readonly message: string };
