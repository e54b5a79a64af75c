import { once } from 'node:events';
import { writeFile, rename } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Home } from '../../support/daemon.ts';

/** Endpoint that takes the present secret only, and a channel whose secret is read from a file. */
export class RotatedEndpoint {
  readonly origin: string;
  /** Requests by what their secret was. */
  readonly counts = { present: 0, earlier: 0, unknown: 0 };
  readonly #server: Server;
  readonly #home: Home;
  readonly #secrets: string[] = [];

  private constructor(server: Server, home: Home) {
    this.#server = server;
    this.#home = home;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async open(home: Home): Promise<RotatedEndpoint> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = new RotatedEndpoint(server, home);
    server.on('request', (request, response) => {
      endpoint.#count(request.headers.authorization ?? '');
      text(request).then(
        () => response.end('{}'),
        () => request.socket.destroy(),
      );
    });
    return endpoint;
  }

  #count(authorization: string): void {
    const place = this.#secrets.indexOf(authorization.replace(/^Bearer /, ''));
    this.counts[place === -1 ? 'unknown' : place === this.#secrets.length - 1 ? 'present' : 'earlier'] += 1;
  }

  /** Writes another secret and reloads; from then on each attempt must carry it. */
  async rotate(version: number): Promise<void> {
    this.#secrets.push(`secret-number-${version}-of-the-soak`);
    const file = this.#home.path('rotated-secret');
    await writeFile(`${file}.new`, `${this.#secrets.at(-1)}\n`);
    await rename(`${file}.new`, file);
  }

  /** Rules with the channel, and with windows that end within seconds. */
  rules(http: string): string {
    return `channels:
  rotated:
    type: webhook
    url: "${this.origin}/rotated"
    headers: { authorization: "Bearer \${file:${this.#home.path('rotated-secret')}}" }
  windows: { type: webhook, url: "${http}/windows" }
rules:
  - { name: soak-rotated, on: api, match: { type: soak.rotated }, notify: rotated }
  - { name: soak-dedupe, on: api, match: { type: soak.window }, dedupe: 5s, notify: windows }
  - { name: soak-throttle, on: api, match: { type: soak.window }, throttle: { max: 2, per: 5s }, notify: windows }
  - { name: soak-digest, on: api, match: { type: soak.window }, digest: { wait: 1s, max: 50 }, notify: windows }
  - name: soak-alert
    on: api
    match: { type: soak.window }
    for: 500ms
    resolve: { after: 5s }
    repeat: 2s
    notify: windows
`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
