import { afterAll, beforeAll, expect, it } from 'vitest';
import { Home } from '../support/daemon.ts';
import { ROUNDS } from './rounds.ts';

let home: Home;
beforeAll(async () => {
  home = await Home.make();
});
afterAll(() => home.close());

/** Size that takes some writes, so that a kill is often in the middle of a copy. */
const PADDING = `# ${'x'.repeat(78)}\n`.repeat(4000);

const rules = (version: number): string =>
  `channels: { out: { type: log } }\nrules: [{ name: v${version}, notify: out }]\n${PADDING}`;

/** Version of the rules in force. */
async function inForce(): Promise<number> {
  const { body } = await home.call<{ rules: { rule: string }[] }>('POST', '/v1/explain', { event: { type: 't' } });
  return Number(body.rules[0]!.rule.slice(1));
}

/** Longest time from a save to the kill: a reload with its copy takes about as long. */
const MAX_KILL_MS = 300;

it('after a kill at any time a daemon starts on rules at least as new as those of the last answered reload', async () => {
  let saved = 0;
  const found: { readonly answered: number; readonly used: number; readonly saved: number }[] = [];
  await home.rules(rules(saved));
  await home.start();
  for (let round = 0; round < ROUNDS; round += 1) {
    saved += 1;
    await home.rules(rules(saved));
    await home.call('POST', '/v1/reload');
    const answered = saved;
    saved += 1;
    await home.rules(rules(saved));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_KILL_MS));
    await home.kill();
    await home.rules('rulez: []\n');
    await home.start();
    found.push({ answered, used: await inForce(), saved });
    await home.rules(rules(saved));
    await home.call('POST', '/v1/reload');
  }
  const newer = found.filter(({ answered, used }) => used > answered).length;
  process.stderr.write(`kill -9 around a reload: ${ROUNDS} rounds, ${newer} on the rules that were just saved\n`);
  expect(found.filter(({ answered, used, saved: last }) => used < answered || used > last)).toEqual([]);
});
