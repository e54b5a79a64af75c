import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { type OpenedListener, openTestListener } from '../../../support/listener.ts';

interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

async function load(to: OpenedListener, path: string, headers: Record<string, string> = {}): Promise<Page> {
  const answer = await request(`http://${to.listener.address}${path}`, { headers });
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.from(await answer.body.arrayBuffer()) };
}

const scriptOf = (page: string): string => /src="(console\/main-[\w-]+\.js)"/.exec(page)![1]!;

test('the page is asked for each time, its files never again, and nothing inline or foreign is allowed', async () => {
  const to = await openTestListener();
  const page = await load(to, '/');
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers).toMatchObject({ 'cache-control': 'no-cache', vary: 'accept-encoding, accept-language' });
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'self';.*frame-ancestors 'none'/);
  const again = await load(to, '/', { 'if-none-match': String(page.headers.etag) });
  expect([again.status, again.body.length]).toEqual([304, 0]);

  const path = `/${scriptOf(page.body.toString())}`;
  const script = await load(to, path);
  expect(script.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  const packed = await load(to, path, { 'accept-encoding': 'gzip, deflate' });
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(packed.body).equals(script.body)).toBe(true);
  expect(packed.body.length).toBeLessThan(script.body.length);
  const refused = await load(to, path, { 'accept-encoding': 'br;q=0, gzip;q=0.5' });
  expect(refused.headers['content-encoding']).toBe('gzip');
});

test('the page loads the texts of the language that the browser asks for first', async () => {
  const to = await openTestListener();
  const texts = async (language: string): Promise<string> =>
    /modulepreload" href="console\/(\w+)-/.exec(
      (await load(to, '/', { 'accept-language': language })).body.toString(),
    )![1]!;
  expect(await texts('zh-CN,zh;q=0.9,en;q=0.8')).toBe('zh');
  expect(await texts('en-GB,zh;q=0.5')).toBe('en');
  expect(await texts('')).toBe('en');
});

test('only built files are served: no page by its name, no path out of the folder', async () => {
  const to = await openTestListener();
  for (const name of ['index-en.html', 'main.js', '..%2f..%2fpackage.json', 'main-x.js.gz', '%00'])
    expect([name, (await load(to, `/console/${name}`)).status]).toEqual([name, 404]);
});
