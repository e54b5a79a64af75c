import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openReceiver, type Receiver } from '../../support/receiver.ts';

let home: Home;
let receiver: Receiver;

beforeEach(async () => {
  home = await Home.make();
  receiver = await openReceiver();
  const channel = (name: string): string => `${name}: { type: webhook, url: "${receiver.origin}/${name}" }`;
  await home.rules(`
channels: { ${['good', 'dead', 'late'].map(channel).join(', ')} }
rules:
  - { name: sent, match: { type: sent }, notify: good }
  - { name: both, match: { type: both }, notify: [good, dead] }
  - { name: late, match: { type: late }, notify: late }
  - { name: slow, match: { type: slow }, for: 1h, notify: good }
  - { name: many, match: { type: many }, digest: { every: 1h }, notify: good }
`);
  receiver.statuses.set('dead', 410);
  receiver.statuses.set('late', 503);
  await home.start();
});
afterEach(async () => {
  await home.close();
  await receiver.close();
});

test('emit --wait prints the outcome of each rule and the state of each delivery, and its exit code follows from them', async () => {
  const emit = (type: string, wait = '5s') => home.belfry(['emit', type, '--wait', wait]);
  expect(await emit('sent')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ {2}good: delivered$/m) });
  expect(await emit('both')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^ {2}dead: dead/m) });
  expect(await emit('late', '100ms')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^ {2}late: /m) });
  for (const [type, outcome] of [
    ['slow', 'waiting'],
    ['many', 'collected'],
  ] as const)
    expect(await emit(type)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(new RegExp(`^ {2}${type}: ${outcome}\\n {2}no message yet$`, 'm')),
    });
  expect(await emit('nothing')).toMatchObject({ code: 3, stdout: expect.stringContaining('no rule sends a message') });
  expect(await emit('sent', '6m')).toMatchObject({ code: 2, stderr: expect.stringContaining('--wait: `6m`') });

  await home.stop();
  const queued = await home.belfry(['emit', 'sent', '--id', 'kept', '--wait', '--json']);
  expect({ code: queued.code, json: JSON.parse(queued.stdout) as unknown }).toEqual({
    code: 1,
    json: { id: 'kept', duplicate: false, queued: true, outcomes: {}, deliveries: [] },
  });
  await home.start();
  await receiver.until(({ rule }) => rule === 'sent', 2);
});
