import { expect, test } from 'vitest';
import { channelsOf, imported, importedText } from './imported.ts';

const CLIENT = `default-host: https://n.example.com
default-user: ann
default-password: secret-pw
subscribe:
  - topic: backups
    command: notify-send "$m"
  - topic: ntfy.sh/secret-topic
    token: tk_secret
    if: { priority: high }
  - command: x
`;

test('the topics of a client become channels with their logins', async () => {
  expect(await channelsOf(CLIENT)).toEqual([
    { type: 'ntfy', api: 'https://n.example.com', topic: 'backups', user: 'ann', password: 'secret-pw' },
    { type: 'ntfy', topic: 'secret-topic', token: 'tk_secret' },
  ]);
});

test('what a client does with the messages that it receives is named', async () => {
  const { code, stderr, rules } = await importedText(CLIENT);
  expect(code).toBe(1);
  expect(
    [...stderr.matchAll(/^standard input:(\d+): (.+?): not/gm)].map(([, line, text]) => `${line} ${text}`),
  ).toEqual(['6 subscribe[1].command', '9 subscribe[2].if', '10 subscribe[3]']);
  expect(rules + stderr).not.toContain('secret');
});

test.each([
  ['ntfy://n.example.com/alerts', { api: 'https://n.example.com', topic: 'alerts' }],
  ['ntfy://n.example.com:8080/alerts?secure=false&display=Ops', { api: 'http://n.example.com:8080', topic: 'alerts' }],
  ['https://ntfy.sh/alerts', { topic: 'alerts' }],
])('the address %s of a topic becomes a channel', async (url, settings) => {
  expect(await channelsOf(url, '--from', 'ntfy')).toEqual([{ type: 'ntfy', ...settings }]);
});

test('the address of a topic is translated and not fetched', async () => {
  expect((await imported('https://ntfy.sh/alerts')).rules).toContain('topic: ${env:NTFY_TOPIC}');
  expect((await imported('https://n.invalid/alerts', '--from', 'ntfy')).rules).toContain('api: https://n.invalid\n');
});
