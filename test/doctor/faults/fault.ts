import type { Installation } from '../installation.ts';

/** Installation with one fault, and the result of the check that finds it. */
export interface Fault {
  readonly level: 'warn' | 'fail';
  readonly says: RegExp;
  /** Reason why this machine cannot have the fault. */
  readonly skip?: string | undefined;
  /** Makes the fault in an empty folder. */
  readonly make: (folder: string) => Installation | Promise<Installation>;
}

/** Faults by the name of the check that finds them. */
export type Faults = Readonly<Record<string, Fault>>;

export const NEEDS_ROOT = process.getuid?.() === 0 ? undefined : 'root';
