import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { belfry, type Ran, runCommand, testTerminal } from '../../../support/command-line.ts';
import { type OpenedListener, openTestListener } from '../../../support/listener.ts';

const FINDINGS = [
  { check: 'disk.sync', level: 'ok', message: 'an fsync takes 1 ms', mend: '' },
  { check: 'listen.public', level: 'warn', message: 'open to others', mend: 'close it' },
  { check: 'disk.room', level: 'fail', message: 'no room', mend: 'free some' },
] as const;

async function withFindings(...findings: (typeof FINDINGS)[number][]): Promise<OpenedListener> {
  const to = await openTestListener();
  to.daemon.findings = findings;
  return to;
}

/** Runs the doctor at a terminal where a person types these answers, each after its question. */
async function atTerminal(to: OpenedListener, answers: readonly string[]): Promise<Ran> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const terminal = testTerminal({ stdin });
  const left = [...answers];
  const write = terminal.stdout.write.bind(terminal.stdout);
  terminal.stdout.write = (text: unknown, ...rest: unknown[]) => {
    const next = String(text).includes('Did you see it?') ? left.shift() : undefined;
    if (next !== undefined) setImmediate(() => (next === 'EOF' ? stdin.end() : stdin.write(`${next}\n`)));
    return (write as (...all: unknown[]) => boolean)(text, ...rest);
  };
  const target = ['--url', `http://${to.listener.address}`, '--token', 'admin-token'];
  return await runCommand(terminal, ['doctor', '--send', ...target]);
}

test('the worst finding comes first, each with its mend, and a failure is exit 1', async () => {
  const { code, stdout } = await belfry(await withFindings(...FINDINGS), ['doctor']);
  expect(code).toBe(1);
  expect(stdout.split('\n')).toEqual([
    'fail  disk.room  no room',
    '      mend: free some',
    'warn  listen.public  open to others',
    '      mend: close it',
    '1 failed, 1 warning, 1 ok',
    '',
  ]);
});

test('a warning alone is exit 0; --verbose lists what is ok', async () => {
  const { code, stdout } = await belfry(await withFindings(FINDINGS[0], FINDINGS[1]), ['doctor', '--verbose']);
  expect(code).toBe(0);
  expect(stdout).toContain('ok    disk.sync  an fsync takes 1 ms\n');
});

test('--json prints one line for programs', async () => {
  const { code, json } = await belfry(await withFindings(...FINDINGS), ['doctor', '--json']);
  expect(code).toBe(1);
  expect(json).toEqual([{ ok: false, findings: FINDINGS }]);
});

test('--send without a terminal sends a test by each channel and reports the receipts', async () => {
  const to = await withFindings();
  const { code, stdout } = await belfry(to, ['doctor', '--send']);
  expect([code, stdout]).toEqual([0, '0 failed, 0 warnings, 0 ok\nops: sent in 3 ms  written\n']);
  expect(to.daemon.calls).toEqual([]);
});

test('--send --json has a finding for each test', async () => {
  const { json } = await belfry(await withFindings(), ['doctor', '--send', '--json']);
  expect(json).toEqual([
    { ok: true, findings: [{ check: 'channel.test', level: 'ok', message: 'ops: sent', mend: '' }] },
  ]);
});

test.each([
  [['y'], 0, ['seen ops true']],
  [['No'], 1, ['seen ops false']],
  [['what', 's'], 0, []],
  [['EOF'], 0, []],
])('at a terminal the answers %j end with %i and are stored', async (answers, code, calls) => {
  const to = await withFindings();
  expect((await atTerminal(to, answers)).code).toBe(code);
  expect(to.daemon.calls).toEqual(calls);
});
