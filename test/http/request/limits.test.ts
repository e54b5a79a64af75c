import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { webhook } from '../../../daemon/sources/webhook/webhook.ts';
import type { SourceType } from '../../../daemon/sources/source.ts';
import { type Answer, type OpenedListener, openTestListener, post } from '../../support/listener.ts';
import { tokenOf } from '../../support/recorded-daemon.ts';
import { recordedIo, sourceSettings } from '../../support/source-io.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const refusedBy = async (to: OpenedListener, limit: string): Promise<number> =>
  Number(new RegExp(`^belfry_refused_total\\{limit="${limit}"\\} (\\d+)$`, 'm').exec(await to.metrics.text())![1]);

const brief = ({ status, json }: Answer): unknown[] => [status, json?.code];

test('a token with a rate gets 429 beyond it, with the time to wait; other tokens go on', async () => {
  const clock = new VirtualClock();
  const to = await openTestListener({ clock });
  to.daemon.known.push({ ...tokenOf('ci', 'ci-token', 'emit'), rate: { count: 2, per: 60_000 } });
  const send = (token: string) => post(to, '/v1/events', { type: 'a' }, { token });
  expect([brief(await send('ci-token')), brief(await send('ci-token'))]).toEqual([
    [202, undefined],
    [202, undefined],
  ]);
  const refused = await send('ci-token');
  expect([refused.status, refused.json.code, refused.headers['retry-after']]).toEqual([429, 'auth.rate', '60']);
  expect(brief(await send('emit-token'))).toEqual([202, undefined]);
  expect(to.daemon.accepted).toHaveLength(3);
  await clock.advance(60_000);
  expect(brief(await send('ci-token'))).toEqual([202, undefined]);
  expect(await refusedBy(to, 'token_rate')).toBe(1);
});

async function withSource(type: SourceType, written: object): Promise<OpenedListener> {
  const to = await openTestListener();
  const source = await type.start(sourceSettings(type, written), recordedIo({ clock: systemClock, name: 'deploys' }));
  onTestFinished(() => source.stop());
  const [route] = source.routes!;
  to.daemon.hookRoute = (path) => (`${path}/`.startsWith(`${route!.path}/`) ? route : undefined);
  return to;
}

test('a refusal by a limit of a webhook has a code and is counted', async () => {
  const to = await withSource(webhook, { path: '/hooks/deploys', rate: '5/1d', event: { each: 'body.list' } });
  const send = (body: unknown) => post(to, '/hooks/deploys', body, { token: undefined });
  to.daemon.bodyLimit = 2 ** 21;
  const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  expect(brief(await send({ list: nested(63) }))).toEqual([202, undefined]);
  expect(brief(await send({ list: nested(64) }))).toEqual([400, 'body.too_deep']);
  expect(brief(await send({ list: Array(100_000).fill(0) }))).toEqual([400, 'body.too_many_values']);
  expect(brief(await send({ list: [], ['k'.repeat(1025)]: 1 }))).toEqual([400, 'body.long_key']);
  expect(brief(await send({ list: Array(10_001).fill(0) }))).toEqual([413, 'hook.too_many_events']);
  expect(brief(await send({ list: [] }))).toEqual([429, 'hook.rate']);
  for (const limit of ['json_depth', 'json_values', 'json_key', 'batch', 'source_rate'])
    expect([limit, await refusedBy(to, limit)]).toEqual([limit, 1]);
});

test('a JSON body of the API has bounds of depth, values and names', async () => {
  const to = await openTestListener();
  to.daemon.bodyLimit = 2 ** 21;
  const send = (value: unknown) => post(to, '/v1/check', { paths: value });
  const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  expect(brief(await send(nested(64)))).toEqual([400, 'body.too_deep']);
  expect(brief(await send(Array(100_001).fill(0)))).toEqual([400, 'body.too_many_values']);
  expect(brief(await post(to, '/v1/check', { ['k'.repeat(1025)]: 1 }))).toEqual([400, 'body.long_key']);
});
