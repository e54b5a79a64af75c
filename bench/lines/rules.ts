import type { Figure, Line, Row, Size } from '../line.ts';
import { sleep } from '../tools/clock.ts';
import { closing } from '../tools/opened.ts';
import { Ping } from '../tools/ping.ts';
import { type RuleSet, saveLastFile, startWith, untilInEffect } from '../tools/rule-versions.ts';
import { Sink } from '../tools/sink.ts';

const MANY: Readonly<Record<Size, number>> = { full: 10_000, short: 500 };
const IN_A_FILE = 100;
/** Pause for the work after a start, and to measure the response time of an idle daemon. */
const QUIET_MS = 1000;

const FLOOR = 'the longest wait in a quiet second before';

const saved = (name: string, what: string, limit: number): readonly Row[] => [
  {
    name: `reload-${name}`,
    title: `a save in effect, ${what} (100 ms: the file has come to rest)`,
    unit: 'ms',
    goal: { of: 'value', is: 'at most', limit },
  },
  {
    name: `stall-${name}`,
    title: 'longest wait for an answer meanwhile',
    unit: 'ms',
    floor: FLOOR,
    goal: { of: 'value', is: 'at most', limit: 50 },
  },
];

/** A start, an idle second, a save of all rules of one file. */
function startAndSave(set: RuleSet, name: string): Promise<{ readonly startMs: number; readonly figures: Figure[] }> {
  return closing(Sink.open(), (sink) =>
    closing(startWith(set, sink), (daemon) =>
      closing(Promise.resolve(new Ping(daemon.port)), async (ping) => {
        await untilInEffect(daemon, sink, set, 0);
        await sleep(QUIET_MS);
        ping.longest();
        await sleep(QUIET_MS);
        const floor = ping.longest();
        const value = await saveLastFile(daemon, sink, set, 1);
        const figures = [
          { row: `reload-${name}`, value },
          { row: `stall-${name}`, value: ping.longest(), floor },
        ];
        return { startMs: daemon.program.readyMs, figures };
      }),
    ),
  );
}

/** Many rules: time of a start and of a save, and response time meanwhile. */
export const rules: Line = {
  name: 'rules',
  rows: [
    {
      name: 'start-10000',
      title: 'start with 10,000 rules in one file',
      unit: 'ms',
      goal: { of: 'value', is: 'at most', limit: 1500 },
    },
    ...saved('10', '10 rules', 160),
    ...saved('100-of-10000', 'a file of 100 rules among 10,000', 250),
    ...saved('10000', 'a file of 10,000 rules, all of them edited', 1600),
  ],
  rounds: 3,
  async round(size) {
    const many = MANY[size];
    const few = await startAndSave({ files: 1, rulesInFile: 10 }, '10');
    const spread = await startAndSave({ files: many / IN_A_FILE, rulesInFile: IN_A_FILE }, '100-of-10000');
    const one = await startAndSave({ files: 1, rulesInFile: many }, '10000');
    return [{ row: 'start-10000', value: one.startMs }, ...few.figures, ...spread.figures, ...one.figures];
  },
};
