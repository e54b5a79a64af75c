import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { exchange, openRaw, statusesOf } from '../support/raw.ts';
import { storedData } from '../support/send.ts';
import type { Target } from '../support/target.ts';

const NGINX = '/usr/sbin/nginx';
const needsNginx = existsSync(NGINX) ? '' : ' (skipped: install the Debian package nginx-light)';

const attack = attacksOn({ rules: () => 'sources:\n  open: { type: webhook, path: /hooks/open }\n' });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts nginx before the daemon, with connections that several clients share. */
async function startProxy({ home, port }: Target): Promise<number> {
  const own = await freePort();
  const folder = home.path('nginx');
  await mkdir(folder);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`);
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  await writeFile(
    `${folder}/nginx.conf`,
    `${user} daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
http { access_log off; ${paths.join(' ')} ignore_invalid_headers off; underscores_in_headers on;
  upstream belfry { server 127.0.0.1:${port}; keepalive 1; }
  server { listen 127.0.0.1:${own}; location / { proxy_pass http://belfry; proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Connection ""; } } }`,
  );
  const nginx = spawn(NGINX, ['-p', folder, '-c', `${folder}/nginx.conf`], { stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = once(nginx, 'exit');
    nginx.kill('SIGTERM');
    await ended;
  });
  await expect.poll(async () => (await openRaw({ host: '127.0.0.1', port: own })).socket.destroyed).toBe(false);
  return own;
}

attack(
  'A39',
  async (target) => {
    const port = await startProxy(target);
    const head = 'POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n';
    const hidden =
      'POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"smuggled":1}';
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    const requests = [
      `Content-Length: ${5 + hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Content-Length: ${5 + hidden.length}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Content-Length: ${5 + hidden.length}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Content-Length: ${5 + hidden.length}\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Content-Length: ${5 + hidden.length}\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Content-Length: ${5 + hidden.length}\r\nTransfer_Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${chunk(hidden)}0\r\n\r\n`,
      `Transfer-Encoding: chunked\r\n\r\n2;x=\n\r\n{}\r\n0\r\n\r\n${hidden}`,
      `Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 99\r\n\r\n${hidden}`,
      `Content-Length: 2\r\nContent-Length: ${2 + hidden.length}\r\n\r\n{}${hidden}`,
      `Content-Length: 0\r\n\r\n${hidden}`,
    ];
    for (const [index, request] of requests.entries()) {
      const statuses = statusesOf(await exchange({ host: '127.0.0.1', port }, head + request));
      expect([index, statuses.length]).toEqual([index, 1]);
      // The next client of the shared connection gets the answer to its own request.
      const body = `{"own":${index}}`;
      const next = await exchange({ host: '127.0.0.1', port }, `${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      expect([index, statusesOf(next)]).toEqual([index, [202]]);
    }
    const stored = await storedData<Record<string, unknown>>(target, 'open');
    expect(stored.filter((data) => data !== null && 'smuggled' in Object(data))).toEqual([]);
    expect(stored.filter((data) => data !== null && 'own' in Object(data))).toHaveLength(requests.length);
  },
  needsNginx,
);
