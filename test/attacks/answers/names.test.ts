import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type DnsServer, openDnsServer } from '../../faults/support/dns-server.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { attacksOn } from '../support/attack.ts';

/** Whether a file of the system can be replaced for one process. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const skipped = mayMount() ? '' : ' (needs root and unshare)';
/** Names of an attacker's domain: a private address, a public and a private one at once, and one that changes. */
const NAMES = ['private', 'mixed', 'rebinding'] as const;

let folder: string;
let names: DnsServer;
let inside: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'belfry-attacks-'));
  names = await openDnsServer(folder);
  inside = await openTestServer();
});
afterAll(async () => {
  names.close();
  await inside.close();
  await rm(folder, { recursive: true });
});

const attack = attacksOn({
  get wrapper() {
    return skipped === '' ? names.wrapper : [];
  },
  host: 'localhost',
  daemon: '  egress: { deny_private: true, allow: [localhost] }\n',
  rules: () =>
    `channels:\n${NAMES.map((name) => `  ${name}: { type: webhook, url: "http://${name}.test:${inside.port}/", delivery: { timeout: 2s, retry: [100ms, 100ms], give_up_after: 20s } }\n`).join('')}rules:\n${NAMES.map((name) => `  - { name: ${name}, on: api, match: { type: attack.${name} }, notify: ${name} }\n`).join('')}`,
});

attack(
  'G2',
  async ({ home }) => {
    for (const name of NAMES) {
      const { body } = await home.call<{ deliveries: { state: string; attempts: { code: string }[] }[] }>(
        'POST',
        '/v1/events?wait=60s',
        { type: `attack.${name}` },
      );
      const [{ state, attempts } = { state: '', attempts: [] }] = body.deliveries;
      expect([name, state]).toEqual([name, 'dead']);
      expect([name, attempts.at(-1)!.code]).toEqual([name, expect.stringMatching(/^net\./)]);
    }
    expect(inside.connections).toBe(0);
  },
  skipped,
);
