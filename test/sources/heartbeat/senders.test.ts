import { expect, test } from 'vitest';
import { heartbeat } from '../../../daemon/sources/heartbeat/heartbeat.ts';
import { readSourceSettings } from '../../support/source-io.ts';
import { emitted, startHeartbeat } from '../../support/heartbeat.ts';

const guarded = { every: '10m', token: ['new-token-0123', 'old-token-0123'] };
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('each of the tokens allows beats, in the header or in the URL', async () => {
  const { beat } = await startHeartbeat(guarded);
  for (const token of guarded.token) {
    expect(await beat('', bearer(token))).toMatchObject({ status: 202 });
    expect(await beat('', { query: `token=${token}` })).toMatchObject({ status: 202 });
  }
});

test('a missing and a wrong token get the same answer, at every URL, and nothing is stored', async () => {
  const { io, beat } = await startHeartbeat(guarded);
  const before = new Map(io.stored);
  const missing = await beat();
  expect(missing).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="belfry"' } });
  const wrong = [
    bearer('new-token-012'),
    bearer(''),
    { query: 'token=' },
    { query: 'token=old-token-0123x' },
    { headers: { authorization: 'Basic new-token-0123' } },
    { query: `${'token=a&'.repeat(40)}token=new-token-0123` },
  ];
  // Only the daemon knows which of them count as guesses.
  for (const sent of wrong) expect({ ...(await beat('', sent)), isGuess: undefined }).toEqual(missing);
  for (const ending of ['/fail', '/start', '/3', '/nosuch']) expect(await beat(ending)).toEqual(missing);
  expect([io.stored, emitted(io)]).toEqual([before, []]);
});

test('a key in the URL is read beside the token', async () => {
  const { io, beat } = await startHeartbeat({ ...guarded, key: '{{ data.host }}' });
  expect(await beat('/fail', { query: 'key=db1&token=new-token-0123' })).toMatchObject({ status: 202 });
  expect(emitted(io)).toEqual(['09:00:00 failed db1']);
});

test('beats are accepted from the allowed networks only, and this is checked before the token', async () => {
  const { beat } = await startHeartbeat({ ...guarded, allow: ['192.0.2.0/24', '2001:db8::/32'] });
  expect(await beat('', { ...bearer('new-token-0123'), remote: '::ffff:192.0.2.9' })).toMatchObject({ status: 202 });
  expect(await beat('', { ...bearer('new-token-0123'), remote: '2001:db8::1' })).toMatchObject({ status: 202 });
  expect(await beat('', { ...bearer('new-token-0123'), remote: '198.51.100.7' })).toMatchObject({ status: 403 });
  expect(await beat('', { remote: '198.51.100.7' })).toMatchObject({ status: 403 });
  expect(await beat('', { remote: '192.0.2.9' })).toMatchObject({ status: 401 });
});

test('a page of another origin is refused where no token verifies the sender', async () => {
  expect((await startHeartbeat({ every: '10m' })).source.routes![0]).not.toHaveProperty('verifies');
  expect((await startHeartbeat(guarded)).source.routes![0]).toHaveProperty('verifies', true);
});

test('an empty token and a wrong network are problems of the settings', () => {
  const problemsOf = (more: object) => readSourceSettings(heartbeat, { every: '10m', ...more }).problems;
  for (const token of ['', ' ', ['good-token', '']]) expect(problemsOf({ token })).toHaveLength(1);
  expect(problemsOf({ token: ' ' })[0]).toContain('a secret is empty');
  expect(problemsOf({ allow: ['192.0.2.0/24', 'here'] })).toEqual([expect.stringMatching(/^\/allow\/1: /)]);
});
