import type { DoctorCheckInfo, DoctorFinding, DoctorResult } from '../core/problems/doctor.ts';
import type { Clock } from '../lib/time/clock.ts';

/** Check with everything that it examines. */
export interface BoundCheck extends DoctorCheckInfo {
  run(): Promise<readonly DoctorResult[]> | readonly DoctorResult[];
}

/** Longest time of one check; the deadlines of connections and programs in it are shorter. */
const MAX_CHECK_MS = 20_000;
/** Checks that run side by side. */
const MAX_PARALLEL = 16;

/** Runs checks side by side, each within a deadline. Findings are in the order of the checks. Never rejects. */
export async function runChecks(checks: readonly BoundCheck[], clock: Clock): Promise<readonly DoctorFinding[]> {
  const found: (readonly DoctorFinding[])[] = [];
  const waiting = [...checks.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, check] = next;
      found[index] = await findingsOf(check, clock);
    }
  };
  await Promise.all(Array.from({ length: MAX_PARALLEL }, work));
  return found.flat();
}

async function findingsOf(check: BoundCheck, clock: Clock): Promise<readonly DoctorFinding[]> {
  return (await resultsOf(check, clock)).map(({ level, message, mend }) => ({
    check: check.name,
    level,
    message,
    mend: level === 'ok' ? '' : (mend ?? check.mend),
  }));
}

async function resultsOf(check: BoundCheck, clock: Clock): Promise<readonly DoctorResult[]> {
  let cancel = (): void => undefined;
  const late = new Promise<readonly DoctorResult[]>((resolve) => {
    const message = `the check did not end within ${MAX_CHECK_MS / 1000} s`;
    cancel = clock.after(MAX_CHECK_MS, () => resolve([{ level: 'fail', message }]));
  });
  try {
    return await Promise.race([Promise.resolve(check.run()), late]);
  } catch (error) {
    const message = `the check itself failed: ${(error as Error).message}`;
    return [{ level: 'fail', message, mend: 'report this as a bug of belfry' }];
  } finally {
    cancel();
  }
}
