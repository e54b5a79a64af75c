import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { ROUNDS } from '../rounds.ts';
import { plantInProgram } from '../support/planted-bugs.ts';
import { Rounds, type Violation } from '../support/report.ts';

const EXIT_LOCKED = 75;

type End = 'ready' | number | null;

/** Starts two daemons at once that share the state directory and nothing else; each is ready or has ended when this resolves. */
async function startPair(home: Home): Promise<readonly { readonly end: End; readonly kill: () => Promise<unknown> }[]> {
  return await Promise.all(
    ['a', 'b'].map(async (name) => {
      const child = home.spawn(['run', '--config', home.path(name)]);
      const exited = once(child, 'exit') as Promise<[number | null]>;
      const ready = new Promise<'ready'>((resolve) => {
        createInterface({ input: child.stdout! }).on(
          'line',
          (line) => line.includes('"msg":"ready"') && resolve('ready'),
        );
      });
      const end = await Promise.race([ready, exited.then(([code]) => code)]);
      const kill = async (): Promise<unknown> => {
        child.kill('SIGKILL');
        return await exited;
      };
      return { end, kill };
    }),
  );
}

async function pairs(home: Home, rounds: Rounds, count: number): Promise<void> {
  for (const name of ['a', 'b']) {
    await mkdir(home.path(name));
    await writeFile(
      home.path(name, 'rules.yaml'),
      `daemon:\n  state: ${home.path('state')}\n  socket: ${home.path(`${name}.sock`)}\n  listen: 127.0.0.1:0\n  log: { level: info, format: json }\n`,
    );
  }
  for (let round = 0; round < count; round += 1) {
    const started = await startPair(home);
    const ends = started.map(({ end }) => end);
    rounds.end(violationsOf(ends), `pair ${round}`);
    // The next pair starts after a kill -9, without a repair by hand.
    await Promise.all(started.map(({ kill }) => kill()));
  }
}

function violationsOf(ends: readonly End[]): Violation[] {
  const running = ends.filter((end) => end === 'ready').length;
  const refused = ends.filter((end) => end === EXIT_LOCKED).length;
  if (running === 1 && refused === 1) return [];
  return [{ invariant: 'I19', text: `of two daemons on one state directory ${running} run: ${ends.join(', ')}` }];
}

test('of two daemons that start at once on one state directory one runs, the other ends with 75, and a kill needs no repair', async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  const rounds = new Rounds('two daemons at once, killed and started again', ['I19']);
  await pairs(home, rounds, ROUNDS);
  expect(rounds.violations).toEqual([]);
});

test('the pairs find a daemon that does not lock its state directory', async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  const buggy = await plantInProgram('state directory not locked');
  onTestFinished(() => buggy.remove());
  home.program = buggy.program;
  const rounds = new Rounds('two daemons, the directory is not locked', ['I19'], { planted: true });
  await pairs(home, rounds, 3);
  expect(rounds.violations).not.toEqual([]);
});
