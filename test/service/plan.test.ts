import { expect, test } from 'vitest';
import { carryOut, type Step, StepFailure } from '../../daemon/service/plan.ts';

/** Steps that write their names to a list; those in `failing` fail, and those in `lasting` cannot be undone. */
function plan({ failing = '', lasting = '' }) {
  const log: string[] = [];
  const steps = ['user', 'folder', 'unit', 'start'].map(
    (name): Step => ({
      describe: `make the ${name}`,
      async do() {
        log.push(name);
        if (name === failing) throw new StepFailure(`no ${name} today`, 78);
      },
      async undo() {
        log.push(`no ${name}`);
        if (name === lasting) throw new Error('it is in use');
      },
    }),
  );
  const interruption = new AbortController();
  const options = { onStep: ({ describe }: Step) => log.push(`> ${describe}`), interrupted: interruption.signal };
  return { log, steps, options, interruption };
}

test('each step is announced before it is carried out', async () => {
  const { log, steps, options } = plan({});
  await carryOut(steps.slice(0, 2), options);
  expect(log).toEqual(['> make the user', 'user', '> make the folder', 'folder']);
});

test('after a failure the steps are undone in reverse order, the failed one first, and its exit code and text stay', async () => {
  const { log, steps, options } = plan({ failing: 'unit' });
  await expect(carryOut(steps, options)).rejects.toMatchObject({
    message: 'could not make the unit: no unit today\nEverything that was changed before is as it was.',
    exit: 78,
  });
  expect(log.filter((line) => !line.startsWith('>')).slice(3)).toEqual(['no unit', 'no folder', 'no user']);
});

test('a change that cannot be taken back is named, and the others are taken back', async () => {
  const { log, steps, options } = plan({ failing: 'start', lasting: 'folder' });
  await expect(carryOut(steps, options)).rejects.toThrow(
    'These changes could not be taken back:\n  make the folder: it is in use',
  );
  expect(log.at(-1)).toBe('no user');
});

test('an interruption ends the work after the current step, and everything is taken back', async () => {
  const { log, steps, options, interruption } = plan({});
  interruption.abort();
  await expect(carryOut(steps, options)).rejects.toThrow('could not make the user: interrupted');
  expect(log).toEqual(['> make the user', 'user', 'no user']);
});
