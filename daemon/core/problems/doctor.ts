/** Level of a result. `warn`: it works, but will probably fail one day or loses something. `fail`: it does not work now. */
export type DoctorLevel = 'ok' | 'warn' | 'fail';

/** Result of a doctor check. Without `mend`, that of the check applies. */
export interface DoctorResult {
  readonly level: DoctorLevel;
  readonly message: string;
  readonly mend?: string;
}

/** Result as `belfry doctor --json` prints it; `mend` is empty when nothing is to be done. */
export interface DoctorFinding {
  readonly check: string;
  readonly level: DoctorLevel;
  readonly message: string;
  readonly mend: string;
}

/** Description of a doctor check, from which the table in docs/doctor.md is made. */
export interface DoctorCheckInfo {
  /** Stable, dotted: `disk.room`. */
  readonly name: string;
  /** One sentence: the fault that it finds. */
  readonly about: string;
  /** One sentence: the usual mend. */
  readonly mend: string;
}

export const ok = (message: string): DoctorResult => ({ level: 'ok', message });
export const warn = (message: string, mend?: string): DoctorResult => resultOf('warn', message, mend);
export const fail = (message: string, mend?: string): DoctorResult => resultOf('fail', message, mend);

function resultOf(level: DoctorLevel, message: string, mend: string | undefined): DoctorResult {
  return mend === undefined ? { level, message } : { level, message, mend };
}
