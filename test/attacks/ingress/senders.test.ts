import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { send, storedCount } from '../support/send.ts';
import { compareTimes } from '../support/timing.ts';

const attack = attacksOn({
  rules: () => `sources:
  open: { type: webhook, path: /hooks/open, event: { type: "{{ body.kind | date: body.format }}", subject: "{{ body.subject }}" } }
  limited: { type: webhook, path: /hooks/limited, rate: 60/1h }
  near: { type: webhook, path: /hooks/near, allow: [192.0.2.0/24] }
  signed: { type: webhook, path: /hooks/signed, verify: { bearer: token-of-the-signed-hook } }
channels:
  journal: { type: log }
rules:
  - { name: logged, on: open, message: { title: "{{ data.text }}", body: "{{ data.more }}", tags: ["{{ data.text }}"] }, notify: journal }
`,
});

attack('A29', async (target) => {
  const posts = Array.from({ length: 500 }, (_, n) => send(target, '/hooks/limited', { body: `{"n":${n}}` }));
  // The limit of one source is not that of another.
  expect((await send(target, '/hooks/open', { body: '{"text":"between"}' })).status).toBe(202);
  const answers = await Promise.all(posts);
  const accepted = answers.filter(({ status }) => status === 202);
  const refused = answers.filter(({ status }) => status === 429);
  expect([accepted.length, refused.length]).toEqual([60, 440]);
  for (const { headers } of refused) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(await storedCount(target, 'limited')).toBe(60);
});

attack('A36', async (target) => {
  const unknown = await send(target, '/hooks/unknown');
  expect(unknown.status).toBe(404);
  expect(unknown.text).not.toContain('unknown');
  await compareTimes(
    () => send(target, '/hooks/unknown'),
    () => send(target, '/hooks/signed'),
    200,
  );
});

attack('A37', async (target) => {
  const claims = {
    'x-forwarded-for': '192.0.2.1',
    'x-real-ip': '192.0.2.1',
    forwarded: 'for=192.0.2.1',
    'x-client-ip': '192.0.2.1',
    'true-client-ip': '192.0.2.1',
  };
  for (const [name, value] of Object.entries(claims))
    expect([name, (await send(target, '/hooks/near', { headers: { [name]: value } })).status]).toEqual([name, 403]);
  expect((await send(target, '/hooks/near', { headers: claims })).status).toBe(403);
  expect(await storedCount(target, 'near')).toBe(0);
  const status = await send(target, '/v1/status', {
    method: 'GET',
    headers: { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-user': 'admin' },
  });
  expect(status.status).toBe(401);
});

attack('A38', async (target) => {
  const { home } = target;
  const hostile =
    'MARK\r\n{"level":"error","msg":"forged"}\n\u001B[2J\u001B]8;;http://evil.example\u0007\u009B31m\u202Eevil\u2028%0a\u0000';
  const from = home.output.length;
  const body = JSON.stringify({ kind: '1', format: hostile, subject: hostile, text: hostile, more: hostile });
  const answer = await send(target, '/hooks/open', {
    body,
    headers: { 'user-agent': 'MARK \u009b31m', 'x-evil': 'MARK' },
  });
  expect(answer.status).toBe(202);
  await home.logged((line) => JSON.stringify(line).includes('MARK') && line.msg !== 'a template failed');
  const lines = home.output
    .slice(from)
    .split('\n')
    .filter((line) => line.includes('MARK'));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  // oxlint-disable-next-line no-control-regex
  expect(lines.join('')).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u2028\u202E]/);
  expect(home.lines.filter(({ msg }) => msg === 'forged')).toEqual([]);
});
