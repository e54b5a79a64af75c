import type { Figure, Line } from '../line.ts';
import { sleep } from '../tools/clock.ts';
import { Daemon } from '../tools/daemon.ts';
import { Floor, FLOORS } from '../tools/floor.ts';
import { closing } from '../tools/opened.ts';
import { rulesFiles } from '../tools/rules.ts';

/** Address to which the rules never send. */
const NOWHERE = 'http://127.0.0.1:9/';
const IDLE_MS = 1_000;

interface Started {
  readonly readyMs: number;
  readonly idleMb: number;
}

async function measured({ program }: Daemon | Floor): Promise<Started> {
  const { readyMs } = program;
  await sleep(IDLE_MS);
  return { readyMs, idleMb: program.memoryMb('now') };
}

async function round(): Promise<readonly Figure[]> {
  const least = await closing(Floor.start('durable', NOWHERE), measured);
  const ours = await closing(Daemon.start({ files: rulesFiles(NOWHERE) }), measured);
  return [
    { row: 'start-10', value: ours.readyMs, floor: least.readyMs },
    { row: 'idle-memory', value: ours.idleMb, floor: least.idleMb },
  ];
}

/** Time of a start, and memory of an idle daemon. */
export const start: Line = {
  name: 'start',
  rows: [
    {
      name: 'start-10',
      title: 'start with 10 rules',
      unit: 'ms',
      floor: FLOORS.durable,
      goal: { of: 'value', is: 'at most', limit: 400 },
    },
    {
      name: 'idle-memory',
      title: 'memory a second after the start',
      unit: 'MB',
      floor: FLOORS.durable,
      goal: { of: 'value', is: 'at most', limit: 100 },
    },
  ],
  rounds: 5,
  round,
};
