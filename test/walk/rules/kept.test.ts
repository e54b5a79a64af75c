import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openFixture } from '../../support/daemon-fixture.ts';

const rules = (channel: string, second: string): string => `${channel}rules:
  - { name: rejected, on: belfry, match: { type: belfry.reload.rejected }, notify: [ops],
      message: { title: "rejected: {{ data.problems[0].message }}", body: "{{ data.problems[0].level }} {{ data.problems[0].line }}" } }
  - { name: second, on: api, ${second} }\n`;

interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

test('a bad save, then a kill and a start: the daemon says so, notifies, and runs on the last good rules', async () => {
  const { home, receiver, channel, post, outcomes, audited } = await openFixture(onTestFinished);
  await home.rules(rules(channel, 'notify: [ops], message: { title: "good {{ data.n }}" }'));
  await home.start();
  await post({ type: 'one', data: { n: 1 } });
  await receiver.until(({ title }) => title === 'good 1');
  await home.rules(rules(channel, 'notify: [ops, nobody], dedup: 5m'));
  await home.logged(({ msg }) => msg.startsWith('reload: rejected'));
  await receiver.until(({ title }) => title.startsWith('rejected'), 1);
  await home.kill();
  // The record of the daemon is gone too, as after a restart of the machine.
  await rm(home.path('run'), { recursive: true });

  const from = home.lines.length;
  await home.start();
  await receiver.until(({ title }) => title.startsWith('rejected'), 2);
  const rejections = receiver.deliveries().filter(({ title }) => title.startsWith('rejected'));
  expect(rejections.at(-1)).toMatchObject({ title: 'rejected: `dedup` is not a setting of a rule', body: 'error 10' });
  const file = home.path('rules', 'rules.yaml');
  const logged = home.lines.slice(from).map(({ at, msg }) => `${typeof at === 'string' ? at : ''} ${msg}`);
  expect(logged).toContainEqual(
    expect.stringMatching(new RegExp(`^${file}:10:\\d+ start: \`dedup\` is not a setting`)),
  );
  expect(logged).toContainEqual(expect.stringMatching(/the last good ones are in force/));

  const { body: readiness } = await home.call<Readiness>('GET', '/readyz');
  expect(readiness).toEqual({
    ready: true,
    reasons: [`${file} is not applied; the last good rules are in force`],
  });
  expect((await home.belfry(['status'])).stdout).toContain(`${file}: does not load`);
  expect((await home.belfry(['check'])).code).toBe(78);
  expect(await outcomes(await post({ type: 'two', data: { n: 2 } }))).toMatchObject({ second: 'notified' });
  await receiver.until(({ title }) => title === 'good 2');

  await home.rules(rules(channel, 'notify: [ops], message: { title: "mended {{ data.n }}" }'));
  expect(await home.logged(({ msg }) => msg === 'reload: applied', from)).toMatchObject({ generation: 2 });
  await post({ type: 'three', data: { n: 3 } });
  await receiver.until(({ title }) => title === 'mended 3');
  // A crash leaves a link to the socket, which is no reason for a warning.
  expect(home.lines.slice(from).filter(({ level }) => level === 'warn')).toEqual([]);
  // One for the bad save, and one for the start; the first reload after it finds the same problem.
  expect(receiver.deliveries().filter(({ title }) => title.startsWith('rejected'))).toHaveLength(2);
  await audited();
  expect(await home.stop()).toBe(0);
});

test('a daemon that starts without its rules directory applies the rules when they are back', async () => {
  const { home, channel } = await openFixture(onTestFinished);
  await home.rules(rules(channel, 'notify: [ops]'));
  await home.start();
  await home.stop();
  await rm(home.path('rules'), { recursive: true });
  const from = home.lines.length;
  await home.start();
  await mkdir(home.path('rules'));
  await home.rules(rules(channel, 'notify: [ops], dedupe: 5m'));
  expect(await home.logged(({ msg }) => msg === 'reload: applied', from)).toMatchObject({ changed: ['rule second'] });
});

test('a start on the last good rules ends with 0, and is refused with `--strict`', async () => {
  const { home, channel } = await openFixture(onTestFinished);
  await home.rules(rules(channel, 'notify: [ops]'));
  await home.start();
  await home.stop();
  await home.rules(rules(channel, 'notfy: [ops]'));
  const strict = home.spawn(['run', '--strict', '--config', home.path('rules')]);
  expect((await once(strict, 'close'))[0]).toBe(78);
  expect(home.output).toContain('`notfy` is not a setting of a rule');
  await home.start();
  expect(await home.stop()).toBe(0);
});
