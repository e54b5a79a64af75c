import type { DoctorFinding, DoctorResult } from '../core/problems/doctor.ts';
import type { Machine } from '../lib/machine/machine.ts';
import type { Examined, ExaminedChannel } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { type BoundCheck, runChecks } from './run-checks.ts';

/** Checks to run: those of the daemon, those of the command line beside a running daemon, or all. */
export type Part = 'daemon' | 'caller' | 'all';

/** Runs the checks of a part, and those of each channel. Never rejects. */
export async function examine(examined: Examined, machine: Machine, part: Part): Promise<readonly DoctorFinding[]> {
  const wanted = CHECKS.filter(({ where }) => part === 'all' || (where === 'caller') === (part === 'caller'));
  const bound: BoundCheck[] = wanted.map((check) => ({ ...check, run: () => check.run(examined, machine) }));
  const ofChannels = part === 'caller' ? [] : examined.channels.flatMap((channel) => boundTo(channel, machine));
  return await runChecks([...bound, ...ofChannels], machine.clock);
}

/** Checks of one channel; their messages begin with its name. */
function boundTo({ name, settings, checks }: ExaminedChannel, machine: Machine): readonly BoundCheck[] {
  const named = (result: DoctorResult): DoctorResult => ({ ...result, message: `${name}: ${result.message}` });
  return checks.map((check) => ({
    ...check,
    run: async () => (await check.run(settings, machine)).map(named),
  }));
}
