import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Agent, fetch } from 'undici';
import { WebSocket } from 'ws';
import { authority, key, valid } from '../../support/certificates.ts';
import { Home } from '../../support/daemon.ts';

const NGINX = '/usr/sbin/nginx';
const PAGE = path.resolve(import.meta.dirname, '../../../docs/operations.md');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts nginx with the configuration of the documentation, on other ports and with a certificate of the tests. */
async function startNginx(home: Home, port: number): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const [, documented] = /```nginx\n([\s\S]*?)```/.exec(page)!;
  const folder = home.path('nginx');
  await mkdir(folder);
  await writeFile(path.join(folder, 'belfry.pem'), valid);
  await writeFile(path.join(folder, 'belfry.key'), key);
  const server = documented!
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('127.0.0.1:8765', home.address)
    .replaceAll('/etc/ssl/', `${folder}/`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder};`)
    .join(' ');
  // The workers of root run as another user, who could not keep bodies in this folder.
  const user = process.getuid?.() === 0 ? 'user root; ' : '';
  const head = `${user}daemon off; pid ${folder}/pid; error_log ${folder}/error.log;`;
  await writeFile(
    path.join(folder, 'nginx.conf'),
    `${head}\nevents {}\nhttp { access_log off; ${temporary}\n${server} }\n`,
  );
  const nginx = spawn(NGINX, ['-p', folder, '-c', path.join(folder, 'nginx.conf')], { stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = once(nginx, 'exit');
    nginx.kill('SIGTERM');
    await ended;
  });
}

test.skipIf(!existsSync(NGINX))(
  'nginx with the documented configuration serves the API, hooks and WebSocket, and nothing that needs no token (needs nginx)',
  async () => {
    const home = await Home.make();
    onTestFinished(() => home.close());
    const port = await freePort();
    const origin = `https://127.0.0.1:${port}`;
    await home.rules(
      `sources:
  ci: { type: webhook, path: /hooks/ci, verify: { bearer: "a-long-secret" } }
channels:
  alice: { type: websocket, to: [alice] }
rules:
  - { name: all, on: api, message: { title: hello }, notify: [alice] }
`,
      'rules.yaml',
      `  public_url: ${origin}\n`,
    );
    await home.start();
    await startNginx(home, port);
    const dispatcher = new Agent({ connect: { ca: authority } });
    onTestFinished(() => dispatcher.destroy());
    const token = (await readFile(home.path('state', 'token'), 'utf8')).trim();
    const bearer = { authorization: `Bearer ${token}` };
    await expect
      .poll(
        () =>
          fetch(`${origin}/openapi.json`, { dispatcher }).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 20_000 },
      )
      .toBe(200);
    for (const closed of ['/metrics', '/readyz', '/healthz'])
      expect([closed, (await fetch(origin + closed, { dispatcher })).status]).toEqual([closed, 404]);
    expect((await fetch(`${origin}/v1/status`, { dispatcher })).status).toBe(401);
    const socket = new WebSocket(`wss://127.0.0.1:${port}/v1/stream?user=alice`, ['belfry.v1', `bearer.${token}`], {
      ca: authority,
    });
    onTestFinished(() => socket.terminate());
    const message = new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => String(data).includes('"message"') && resolve(String(data)));
    });
    await once(socket, 'open');
    const posted = await fetch(`${origin}/v1/events`, {
      dispatcher,
      method: 'POST',
      headers: { ...bearer, origin, 'content-type': 'application/json' },
      body: JSON.stringify({ type: 't', data: 'x'.repeat(900_000) }),
    });
    expect(posted.status).toBe(202);
    expect(await message).toContain('hello');
    const hook = await fetch(`${origin}/hooks/ci`, {
      dispatcher,
      method: 'POST',
      headers: { authorization: 'Bearer a-long-secret' },
      body: '{}',
    });
    expect(hook.status).toBe(202);
  },
);
