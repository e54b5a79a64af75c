import type { Curve } from '../line.ts';
import { sleep } from '../tools/clock.ts';
import { closing } from '../tools/opened.ts';
import { saveLastFile, startWith, untilInEffect } from '../tools/rule-versions.ts';
import { Sink } from '../tools/sink.ts';

const QUIET_MS = 1000;

/** Time to load one file of rules at the start, and after all of them were edited. */
export const rules: Curve = {
  name: 'rules',
  title: 'Milliseconds until rules are in effect',
  x: 'rules in one file',
  y: 'ms',
  sizes: [10, 100, 1000, 10_000],
  measure: (size) => {
    const set = { files: 1, rulesInFile: size };
    return closing(Sink.open(), (sink) =>
      closing(startWith(set, sink), async (daemon) => {
        await untilInEffect(daemon, sink, set, 0);
        await sleep(QUIET_MS);
        return { start: daemon.program.readyMs, save: await saveLastFile(daemon, sink, set, 1) };
      }),
    );
  },
};
