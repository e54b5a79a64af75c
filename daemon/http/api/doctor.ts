import type { DoctorFinding } from '../../core/problems/doctor.ts';

/** Examination of the daemon and its machine. */
export interface Doctor {
  /** Runs the checks; they send no message. */
  examine(): Promise<DoctorView>;
  /** Stores the answer of a person to a test message. Resolves to false if there is no such channel. */
  markSeen(channel: string, seen: boolean): Promise<boolean>;
}

/** JSON of `belfry doctor`. */
export interface DoctorView {
  /** False if a finding has the level `fail`. */
  readonly ok: boolean;
  readonly findings: readonly DoctorFinding[];
}
