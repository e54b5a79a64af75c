import { expect, onTestFinished, test } from 'vitest';
import { WebPush } from '../../../daemon/app/channels/web-push.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import { TestBrowser } from '../../support/push-service.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const browser = new TestBrowser();

async function opened(): Promise<WebPush> {
  const store = await openStore({ path: await temporaryFolder() });
  onTestFinished(() => store.close());
  return new WebPush(store.checkpoints);
}

test('a user has 20 browsers at most, also if many subscribe at the same time', async () => {
  const push = await opened();
  const endpoints = Array.from({ length: 60 }, (_, index) => `https://push.example.com/${index}`);
  await Promise.all(endpoints.map((endpoint, index) => push.subscribe('alice', browser.subscription(endpoint, index))));
  expect((await push.of('alice')).map(({ endpoint }) => endpoint)).toEqual(endpoints.slice(-20));
});

test('a browser belongs to one user, also if two subscribe it at the same time', async () => {
  const push = await opened();
  const subscription = browser.subscription('https://push.example.com/1');
  await Promise.all(['alice', 'bob'].map((user) => push.subscribe(user, subscription)));
  expect([await push.of('alice'), await push.of('bob')]).toEqual([[], [subscription]]);
});
