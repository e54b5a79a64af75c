import { expect, test } from 'vitest';
import { belfry } from '../../../support/command-line.ts';
import { openTestListener } from '../../../support/listener.ts';

test('`channel test` with a rule sends the message of the rule for a past event, and shows its title', async () => {
  const to = await openTestListener();
  to.daemon.testChannel = async (channel, _signal, request) => {
    to.daemon.tested.push(request);
    const message = { title: 'Disk full', body: '', format: 'text', priority: 'high', tags: [] } as const;
    return { channel, ok: true, receipt: { answer: '42' }, ms: 3, rule: 'disk', event: 'e-1', messages: [message] };
  };
  const { code, stdout } = await belfry(to, ['channel', 'test', 'ops', '--rule', 'disk', '--event', 'e-1']);
  expect([code, stdout]).toEqual([0, 'ops: delivered in 3 ms  42\n  Disk full\n']);
  expect(to.daemon.tested).toEqual([{ rule: 'disk', id: 'e-1' }]);
});

test.each([
  ['--rule', 'disk'],
  ['--event', 'e-1'],
])('%s alone is wrong usage', async (...given) => {
  const to = await openTestListener();
  const { code, stderr } = await belfry(to, ['channel', 'test', 'ops', ...given]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('belong together')]);
});

test('a refused test says what it means for the channel, and where to look the code up', async () => {
  const to = await openTestListener();
  to.daemon.testChannel = async (channel) => ({
    channel,
    ok: false,
    error: { class: 'permanent', code: 'slack.no_service', message: 'the webhook is gone', misconfigured: true },
    ms: 3,
  });
  const { code, stdout } = await belfry(to, ['channel', 'test', 'ops']);
  expect(code).toBe(1);
  expect(stdout.split('\n')).toEqual([
    'ops: failed after 3 ms  permanent  slack.no_service: the webhook is gone',
    '  misconfigured: its deliveries are held until its settings change or a test succeeds',
    '  what to do: look up slack.no_service in docs/reference-refusals.md',
    '',
  ]);
});
