import { expect, test } from 'vitest';
import { ok, warn } from '../../daemon/core/problems/doctor.ts';
import { type BoundCheck, runChecks } from '../../daemon/doctor/run-checks.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const check = (name: string, run: BoundCheck['run']): BoundCheck => ({ name, about: 'A fault.', mend: 'mend it', run });

test('findings are in the order of the checks, each with the mend of its result or of its check', async () => {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const findings = runChecks(
    [
      check('a', async () => {
        await ended;
        return [warn('one'), warn('two', 'otherwise')];
      }),
      check('b', () => {
        end();
        return [ok('fine')];
      }),
      check('c', () => []),
    ],
    new VirtualClock(),
  );
  expect(await findings).toEqual([
    { check: 'a', level: 'warn', message: 'one', mend: 'mend it' },
    { check: 'a', level: 'warn', message: 'two', mend: 'otherwise' },
    { check: 'b', level: 'ok', message: 'fine', mend: '' },
  ]);
});

test('a check that throws is a finding that fails and names the check; the others run', async () => {
  const throws = (): never => {
    throw new Error('no such thing');
  };
  const rejects = (): Promise<never> => Promise.reject(new Error('later'));
  const findings = await runChecks(
    [check('a', throws), check('b', rejects), check('c', () => [ok('fine')])],
    new VirtualClock(),
  );
  expect(findings).toMatchObject([
    { check: 'a', level: 'fail', message: 'the check itself failed: no such thing' },
    { check: 'b', level: 'fail', message: 'the check itself failed: later' },
    { check: 'c', level: 'ok' },
  ]);
});

test('a check that does not end within 20 s is a finding that fails', async () => {
  const clock = new VirtualClock();
  const findings = runChecks([check('a', () => new Promise(() => {}))], clock);
  await clock.advance(20_000);
  expect(await findings).toMatchObject([{ check: 'a', level: 'fail', message: 'the check did not end within 20 s' }]);
  expect(clock.waiting).toBe(0);
});

test('at most 16 checks run side by side', async () => {
  let running = 0;
  let most = 0;
  const many = Array.from({ length: 40 }, (_, index) =>
    check(String(index), async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return [ok('fine')];
    }),
  );
  expect(await runChecks(many, new VirtualClock())).toHaveLength(40);
  expect(most).toBe(16);
});
