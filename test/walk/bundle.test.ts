import { expect, test } from 'vitest';
import { Home } from '../support/daemon.ts';
import { openMailServer } from '../support/mail-server.ts';

test('a library that is not in the bundle is found when a channel asks for it', async () => {
  const home = await Home.make();
  const server = await openMailServer();
  try {
    await home.rules(`
channels:
  post: { type: email, host: 127.0.0.1, port: ${server.port}, tls: none, from: a@example.org, to: [b@example.org] }
rules:
  - { name: all, on: api, notify: [post] }
`);
    await home.start();
    expect(await home.belfry(['channel', 'test', 'post'])).toMatchObject({ code: 0 });
    expect(server.mails).toHaveLength(1);
  } finally {
    await home.close();
    await server.close();
  }
});

test('V8 knows every flag that it is given', async () => {
  const home = await Home.make();
  try {
    await home.rules('rules: []');
    await home.start();
    await home.call('GET', '/healthz');
    expect(home.output).not.toMatch(/unrecognized flag|illegal value/);
  } finally {
    await home.close();
  }
});
