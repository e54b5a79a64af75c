import { cpSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';
import { ROUNDS } from '../rounds.ts';
import { Rounds, type Violation } from '../support/report.ts';

/** Files of a state directory that a daemon left by kill -9. The rules that are kept have generated names. */
const FILES = [
  'belfry.db',
  'belfry.db-wal',
  'dead-letters.jsonl',
  'key',
  'token',
  'last-config',
  'kept-rules/index.json',
  'belfry.json',
  'inbox/left.json',
] as const;

/** Exit codes of a start that refuses, with a message that names the file. */
const REFUSED: readonly number[] = [74, 78];
const PAYLOAD = 'x'.repeat(500);
const WAITING = 30;
const DEAD = 3;

const rulesOf = ({ receiver }: DaemonFixture, paused: boolean): string => `channels:
  ops: { type: webhook, url: "${receiver.origin}/ops", delivery: { paused: ${paused} } }
  gone: { type: webhook, url: "${receiver.origin}/gone" }
rules:
  - { name: waits, on: api, match: { type: a }, key: "{{ id }}", message: { title: "{{ data.n }} ${PAYLOAD}" }, notify: ops }
  - { name: dead, on: api, match: { type: b }, notify: gone }
`;

/** Leaves a state directory with deliveries that wait, dead letters, an event in the inbox and a log that is not in the database yet. */
async function prepare(fixture: DaemonFixture): Promise<readonly string[]> {
  const { home, receiver } = fixture;
  receiver.statuses.set('gone', 410);
  await home.rules(rulesOf(fixture, true));
  await home.start();
  const titles: string[] = [];
  for (let number = 0; number < WAITING; number += 1) {
    await fixture.post({ type: 'a', data: { n: number } });
    titles.push(`${number} ${PAYLOAD}`);
    // The first half is in the database, the second half in its log.
    if (number !== WAITING / 2) continue;
    await home.stop();
    await home.start();
  }
  for (let number = 0; number < DEAD; number += 1) await fixture.post({ type: 'b' });
  await expect.poll(async () => (await home.deadLetters()).length).toBe(DEAD);
  await home.kill();
  mkdirSync(home.path('state', 'inbox'), { recursive: true });
  writeFileSync(home.path('state', 'inbox', 'left.json'), '{"id":"left-1","type":"a","data":{"n":"left"}}');
  cpSync(home.path('state'), home.path('whole'), { recursive: true, filter: (file) => !file.endsWith('.sock') });
  return [...titles, `left ${PAYLOAD}`];
}

/** Flips one bit of a file, or cuts it. Returns what was done. */
function harm(file: string): string {
  const { size } = statSync(file);
  const at = Math.floor(Math.random() * size);
  if (Math.random() < 0.3) {
    truncateSync(file, at);
    return `cut at byte ${at} of ${size}`;
  }
  const content = readFileSync(file);
  const bit = Math.floor(Math.random() * 8);
  content[at] = content[at]! ^ (1 << bit);
  writeFileSync(file, content);
  return `bit ${bit} of byte ${at} of ${size} flipped`;
}

interface Outcome {
  readonly kind: 'whole' | 'refused' | 'named' | 'changed' | 'lost' | 'crashed';
  readonly text: string;
  /** Warnings and violations. */
  readonly said?: readonly string[];
}

/** Starts on the damaged directory, lets everything that waits go out, and compares it with what was there. */
async function startOn(
  fixture: DaemonFixture,
  titles: readonly string[],
  usual: ReadonlySet<string> = new Set(),
): Promise<Outcome> {
  const { home, receiver } = fixture;
  const from = home.output.length;
  const [lines, got] = [home.lines.length, receiver.got.length];
  const failure = await home.start().then(
    () => undefined,
    (error: Error) => error.message,
  );
  const code = failure === undefined ? undefined : Number(/ended with (\S+)/.exec(failure)?.[1]);
  const printed = home.output.slice(from);
  if (code !== undefined) {
    const isNamed = REFUSED.includes(code) && printed.includes(home.path('state'));
    return { kind: isNamed ? 'refused' : 'crashed', text: `exit ${code}: ${printed.slice(-300)}` };
  }
  await home.rules(rulesOf(fixture, false));
  await home.call('POST', '/v1/reload').catch(() => undefined);
  const ended = home.exited().catch(() => -1);
  const isDone = async (): Promise<boolean> => {
    const status = await home.call<{ deliveries: Record<string, number> }>('GET', '/v1/status').catch(() => undefined);
    const counts = status?.body.deliveries;
    return counts === undefined || counts['pending']! + counts['sending']! + counts['held']! === 0;
  };
  await expect
    .poll(isDone, { timeout: 20_000 })
    .toBe(true)
    .catch(() => undefined);
  const audit = await home.call<{ violations: string[] }>('GET', '/v1/audit').catch(() => undefined);
  const exit = audit === undefined ? await ended : await home.stop();
  const sent = receiver.got.slice(got).map(({ title }) => title);
  const changed = sent.filter((title) => !titles.includes(title));
  const missing = titles.filter((title) => !sent.includes(title));
  const warnings = home.lines
    .slice(lines)
    .filter(({ level }) => level === 'error' || level === 'warn' || level === 'fatal');
  const said = [...warnings.map(({ msg }) => msg), ...(audit?.body.violations ?? [`exit ${exit}`])].filter(
    (text) => !usual.has(text),
  );
  if (changed.length > 0) return { kind: 'changed', text: changed[0]!.slice(0, 80) };
  if (missing.length === 0) return { kind: said.length === 0 ? 'whole' : 'named', text: said.join('; '), said };
  const what = `${missing.length} deliveries are missing: ${said.join('; ').slice(0, 300)}`;
  return { kind: said.length === 0 ? 'lost' : 'named', text: what };
}

test('a flipped bit or a cut in any file of the state directory is harmless, or named; it changes no message unless it is in the text of one', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home } = fixture;
  const titles = await prepare(fixture);
  // Warnings of a start on the whole directory do not count as names of damage.
  const { kind: unharmed, said: usual } = await startOn(fixture, titles);
  await home.kill();
  expect(['whole', 'named']).toContain(unharmed);
  expect(usual).toBeDefined();
  for (const file of FILES) {
    const rounds = new Rounds(`bit flips and cuts in ${file}`, ['I15']);
    for (let round = 0; round < Math.ceil(ROUNDS / 3); round += 1) {
      rmSync(home.path('state'), { recursive: true });
      cpSync(home.path('whole'), home.path('state'), { recursive: true });
      await home.rules(rulesOf(fixture, true));
      const done = harm(home.path('state', file));
      const { kind, text } = await startOn(fixture, titles, new Set(usual));
      await home.kill();
      rounds.add(kind, 1);
      // SQLite has no checksums of pages: a bit within a stored text is not found.
      const isKnown = kind === 'changed' && (file === 'belfry.db' || file === 'inbox/left.json');
      // A log that is cut off, or damaged in its last transaction, looks like one that a power cut left.
      const isShorter = kind === 'lost' && file === 'belfry.db-wal';
      const isBad = (kind === 'lost' && !isShorter) || kind === 'crashed' || (kind === 'changed' && !isKnown);
      const violation: Violation = { invariant: 'I15', text: `${file}: ${kind}: ${text}` };
      rounds.end(isBad ? [violation] : [], done);
    }
    expect(rounds.violations).toEqual([]);
  }
});
