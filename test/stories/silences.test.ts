import { describe, expect, test } from 'vitest';
import { retryMuted } from '../../daemon/core/alerts/silence-actions.ts';
import { problemsOf } from '../support/compile.ts';
import { CoreRunner } from '../support/core-runner.ts';
import { openFixture } from '../support/daemon-fixture.ts';

const UNTIL = 'until: "2036-01-01T00:00:00Z"';
const RULE = 'rules: [{ name: r, match: { type: t }, key: k, message: { title: T, body: x }, notify: ops }]\n';
const silenced = (...silences: readonly string[]): string =>
  `silences:\n${silences.map((silence) => `  - { ${silence}, reason: why }\n`).join('')}`;

describe('a silence whose expression has an error drops no event', () => {
  const cases: readonly [what: string, condition: string, error: RegExp | undefined][] = [
    ['a type error', 'data.n + 1 > 2', /no such overload|silence/],
    ['a call that does not fit', 'data.list.startsWith("x")', /silence/],
    ['a number that is none', 'int(data.n) > 1', /silence/],
    ['a missing field', 'data.nope.deeper == 1', undefined],
  ];
  test.each(cases)('%s', (_what, condition, error) => {
    const runner = new CoreRunner(silenced(`name: broken, match: {}, if: '${condition}', ${UNTIL}`) + RULE);
    expect(runner.take({ n: 'text', list: [1] })).toEqual({ r: 'notified' });
    expect(runner.heard()).toEqual(['ops: x']);
    const [fate] = runner.fates;
    if (error === undefined) expect(fate!.errors).toEqual([]);
    else {
      expect(fate!.errors).toHaveLength(1);
      expect(fate!.errors[0]).toMatch(/^silence broken: ./);
      expect(fate!.errors[0]).toMatch(error);
    }
  });

  test('and the silences after it still count', () => {
    const runner = new CoreRunner(
      silenced(`name: broken, match: {}, if: 'data.n + 1 > 2', ${UNTIL}`, `name: good, match: {}, ${UNTIL}`) + RULE,
    );
    expect(runner.take({ n: 'text' })).toEqual({ r: 'silenced' });
    expect(runner.fates[0]!.errors).toHaveLength(1);
  });

  test('a stored silence that is invalid silences nothing, and drops nothing', () => {
    const runner = new CoreRunner(RULE);
    for (const value of [{ match: { type: { regex: '(' } } }, { nonsense: true }, 'text', 7, []])
      runner.write({ rule: '', key: 's1', step: 'silence', value, expires: Number.MAX_SAFE_INTEGER });
    expect(runner.take({})).toEqual({ r: 'notified' });
    expect(runner.heard()).toEqual(['ops: x']);
  });
});

test.each([
  ['a condition', `match: {}, if: 'data.n >', ${UNTIL}`, 'if'],
  ['a pattern', `match: { type: { regex: "(" } }, ${UNTIL}`, 'match'],
  ['an operator', `match: { type: { startswith: a } }, ${UNTIL}`, 'startswith'],
  ['a date', 'match: {}, until: tomorrow', 'until'],
  ['a window', 'match: {}, recurring: { cron: "61 * * * *", for: 1h, timezone: UTC }', 'cron'],
  ['no end', 'match: {}', 'match'],
])('%s of an invalid silence is refused, with its position', (_what, silence, near) => {
  const text = `channels: { ops: { type: sink } }\n${silenced(silence)}${RULE}`;
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  const { line, column, mend } = problems[0]!;
  expect(line).toBe(3);
  const written = text.split('\n')[2]!;
  expect(column).toBeGreaterThanOrEqual(near === 'match' ? 1 : written.indexOf(near) + 1);
  expect(column).toBeLessThanOrEqual(written.length);
  expect(mend).not.toBe('');
});

describe('an escalation that was held back follows edits of the silence or hours', () => {
  const rules = (beside: string, more = ''): string =>
    `${beside}rules: [{ name: r, match: { type: t }, key: k, message: { title: T, body: x }, notify: ops, resolve: { match: { type: z } }, escalate: [{ after: 5m, notify: boss }]${more} }]\n`;
  const edit = (runner: CoreRunner, text: string): void => {
    runner.edit(text);
    runner.write(...retryMuted(runner.ruleset.rules, runner.memory(), runner.now));
  };
  const night = (from: string): string => `hours: { day: { from: "${from}", to: "20:00", timezone: UTC } }\n`;
  test.each([
    ['a silence that is removed from its file', rules(silenced(`match: {}, ${UNTIL}`)), rules('')],
    [
      'a silence that is made shorter',
      rules(silenced(`match: {}, ${UNTIL}`)),
      rules(silenced('match: {}, until: "2026-11-23T09:10:00Z"')),
    ],
    [
      'hours that are edited to begin earlier',
      rules(night('19:00'), ', during: day'),
      rules(night('09:10'), ', during: day'),
    ],
  ])('%s', (_what, before, after) => {
    const runner = new CoreRunner(before);
    runner.take({});
    runner.wait(6 * 60_000);
    expect(runner.heard()).toEqual([]);
    edit(runner, after);
    runner.wait(4 * 60_000);
    expect(runner.heard()).toEqual(['boss: x']);
    runner.wait(24 * 3_600_000);
    expect(runner.heard()).toEqual([]);
  });

  test('an unrelated edit leaves it silenced, with one outcome', () => {
    const runner = new CoreRunner(rules(silenced('match: {}, until: "2026-11-23T10:00:00Z"')));
    runner.take({});
    for (let n = 0; n < 5; n += 1) {
      runner.wait(6 * 60_000);
      edit(runner, rules(silenced('match: {}, until: "2026-11-23T10:00:00Z"'), `, dedupe: ${n + 1}m`));
    }
    runner.wait(30 * 60_000 - 1);
    expect(runner.heard()).toEqual([]);
    expect(runner.fates.map(({ outcome }) => outcome)).toEqual(['silenced', 'silenced']);
    runner.wait(1);
    expect(runner.heard()).toEqual(['boss: x']);
  });
});

describe('in a daemon', () => {
  test.concurrent('a silence whose expression has an error is logged and raises an event, and an invalid edit keeps the old one', async ({
    onTestFinished,
  }) => {
    const { home, receiver, channel, post } = await openFixture(onTestFinished);
    const rules = (silences: string): string => `${channel}${silences}rules:
  - { name: r, match: { type: t }, notify: ops }
  - { name: watcher, on: belfry, match: { type: belfry.rule.error }, message: { title: "{{ data.reason }}" }, notify: ops }\n`;
    await home.rules(rules(silenced(`name: broken, match: { rule: r }, if: 'data.n + 1 > 2', ${UNTIL}`)));
    await home.start();
    await post({ type: 't', data: { n: 'text' } });
    await receiver.until(({ rule }) => rule === 'r');
    await receiver.until(({ rule }) => rule === 'watcher');
    expect(receiver.deliveries().find(({ rule }) => rule === 'watcher')!.title).toMatch(/^silence broken: /);
    const line = await home.logged(({ msg }) => msg === 'r: error');
    expect(line.reason).toMatch(/^silence broken: /);
    const from = home.lines.length;
    await home.rules(rules(silenced(`match: {}, if: 'data.n >', ${UNTIL}`)));
    expect((await home.logged(({ msg }) => msg.startsWith('reload: rejected'), from)).generation).toBe(1);
    expect(home.lines.slice(from).find(({ at }) => at !== undefined)!.at).toMatch(/rules\.yaml:8:\d+$/);
    await post({ type: 't', data: { n: 1 } });
    await post({ type: 't', data: { n: 5 } });
    await receiver.until(({ rule }) => rule === 'r', 2);
    expect(await home.stop()).toBe(0);
    expect(receiver.got.map(({ rule }) => rule).sort()).toEqual(['r', 'r', 'watcher']);
  });

  test.concurrent('SIGKILL and silences: a silence that was answered counts after a kill, and so does its end', async ({
    onTestFinished,
  }) => {
    const { home, receiver, channel, post, outcomes, delivered } = await openFixture(onTestFinished);
    await home.rules(`${channel}rules:\n  - { name: r, match: { type: t }, key: "{{ data.k }}", notify: ops }\n`);
    const outcomeOf = async (k: string): Promise<string | undefined> => {
      return (await outcomes(await post({ type: 't', data: { k } })))['r'];
    };
    const again = async (): Promise<void> => {
      await home.kill();
      await home.start();
    };
    await home.start();
    const made = await home.call<{ id: string }>('POST', '/v1/silences', {
      match: { key: 'a' },
      for: '1h',
      reason: 'release',
    });
    expect(made.status).toBe(201);
    await again();
    expect(await outcomeOf('a')).toBe('silenced');
    expect(await outcomeOf('b')).toBe('notified');
    expect((await home.belfry(['silence', 'add', 'key=c', '--for', '1h', '--reason', 'release'])).code).toBe(0);
    await again();
    expect([await outcomeOf('a'), await outcomeOf('c')]).toEqual(['silenced', 'silenced']);
    expect((await home.call('DELETE', `/v1/silences/${made.body.id}`)).status).toBe(204);
    await again();
    expect([await outcomeOf('a'), await outcomeOf('c')]).toEqual(['notified', 'silenced']);
    await receiver.until(() => true, 2);
    expect(await home.stop()).toBe(0);
    expect(delivered(({ key }) => key).sort()).toEqual(['a', 'b']);
  });
});
