import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openReceiver, type Receiver } from '../../support/receiver.ts';

export interface TargetOptions {
  /** Rules of the file; `origin` is that of a receiver for its channels. */
  readonly rules?: (origin: string) => string;
  /** Lines of the `daemon:` block, indented by two spaces. */
  readonly daemon?: string;
  /** Host to listen on; default 127.0.0.1. */
  readonly listen?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Command that runs the daemon, such as with another name server. */
  readonly wrapper?: readonly string[];
  /** Name of this machine in the channels; 127.0.0.1 if not given. */
  readonly host?: string;
}

/** Daemon that is attacked: the built program, with a receiver for its notifications. */
export interface Target {
  readonly home: Home;
  readonly receiver: Receiver;
  /** `http://127.0.0.1:PORT` of the TCP listener. */
  readonly origin: string;
  readonly port: number;
  /** Token of scope `admin`; empty when the rules have tokens of their own. */
  readonly token: string;
  close(): Promise<void>;
}

/** A rule that shows that events are still delivered. */
const proof = (origin: string): string => `
channels:
  proof: { type: webhook, url: "${origin}/proof" }
rules:
  - { name: proof, on: api, match: { type: attack.proof }, notify: proof }
`;

export async function openTarget({
  rules,
  daemon = '',
  listen = '127.0.0.1',
  env = {},
  wrapper = [],
  host = '127.0.0.1',
}: TargetOptions): Promise<Target> {
  const home = await Home.make();
  const receiver = await openReceiver();
  Object.assign(home.env, env);
  home.wrapper = wrapper;
  await home.rules(rules?.(receiver.origin) ?? '', 'rules.yaml', daemon);
  const file = home.path('rules', 'rules.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('127.0.0.1:0', `${listen}:0`));
  await home.rules(proof(receiver.origin.replace('127.0.0.1', host)), 'proof.yaml');
  await home.start();
  const port = Number(home.address.split(':').at(-1));
  return {
    home,
    receiver,
    origin: `http://127.0.0.1:${port}`,
    port,
    token: (await readFile(home.path('state', 'token'), 'utf8').catch(() => '')).trim(),
    async close() {
      await home.close();
      await receiver.close();
    },
  };
}

/** Fails unless the daemon still runs, delivers an event, has a consistent store, and logged no bug since line `from`. */
export async function expectIntact({ home }: Target, from: number): Promise<void> {
  const sent = await home.call<{ deliveries: { state: string }[] }>('POST', '/v1/events?wait=30s', {
    type: 'attack.proof',
  });
  expect(sent.status).toBe(200);
  expect(sent.body.deliveries.map(({ state }) => state)).toEqual(['delivered']);
  const audit = await home.call<{ violations: string[] }>('GET', '/v1/audit');
  expect(audit.body.violations).toEqual([]);
  expect(home.lines.slice(from).filter((line) => 'stack' in line)).toEqual([]);
}
