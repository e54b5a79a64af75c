import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeAll } from '../../../support/simulation.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { runCommand, testTerminal, written } from '../../../support/command-line.ts';

const RULES =
  'channels: { ops: { type: log } }\nrules: [{ name: r, match: { type: e }, notify: ops, message: { title: "{{ type }}" } }]\n';
const testOf = (name: string, wanted = 'e'): string =>
  `tests:\n  - name: ${name}\n    steps:\n      - event: { type: e }\n        expect: [{ channel: ops, title: ${wanted} }]\n`;

interface Opened {
  readonly cwd: string;
  readonly out: PassThrough;
  readonly interruption: AbortController;
  readonly run: (...args: readonly string[]) => Promise<{ code: number; out: string; err: string }>;
}

async function open(files: Readonly<Record<string, string>>, env: Record<string, string> = {}): Promise<Opened> {
  const cwd = await temporaryFolder();
  await writeAll(cwd, files);
  const interruption = new AbortController();
  const terminal = testTerminal({ env, cwd, interrupted: interruption.signal });
  return {
    cwd,
    out: terminal.stdout,
    interruption,
    async run(...args) {
      const { code, stdout: out, stderr: err } = await runCommand(terminal, ['test', ...args]);
      return { code, out, err };
    },
  };
}

describe('belfry test', () => {
  it('runs every test of the rules directory and ends with 0 when all passed', async () => {
    const { run } = await open({
      'rules/r.yaml': RULES,
      'rules/b.test.yaml': testOf('second'),
      'rules/a.test.yaml': testOf('first'),
      'rules/deep/er/c.test.yml': testOf('third'),
      'rules/_not.test.yaml': 'nonsense',
      'rules/.not.test.yaml': 'nonsense',
      'rules/node_modules/x.test.yaml': 'nonsense',
    });
    expect(await run()).toEqual({ code: 0, out: 'ok  first\nok  second\nok  third\n3 passed, 0 failed\n', err: '' });
  });

  it('says what failed and where, and ends with 1', async () => {
    const { run } = await open({
      'rules/r.yaml': RULES,
      'rules/r.test.yaml': testOf('fails', 'f') + testOf('x').slice(7),
    });
    expect(await run('rules')).toEqual({
      code: 1,
      out: `failed  fails
    rules/r.test.yaml:5:18: expected, but not sent: {"channel":"ops","title":"f"}; the nearest was ops: "e" "": title is "e", and should be "f"
ok  x
1 passed, 1 failed
`,
      err: '',
    });
  });

  it('has JSON for machines', async () => {
    const { run } = await open({
      'rules/r.yaml': RULES,
      'rules/r.test.yaml': testOf('fails', 'f') + testOf('x').slice(7),
    });
    const { code, out } = await run('--json');
    expect(code).toBe(1);
    const file = 'rules/r.test.yaml';
    expect(JSON.parse(out)).toEqual({
      passed: 1,
      failed: 1,
      tests: [
        {
          file,
          name: 'fails',
          ok: false,
          problems: [
            {
              file,
              line: 5,
              column: 18,
              code: 'test.failed',
              message: expect.stringContaining('title is "e"'),
              mend: '',
            },
          ],
        },
        { file, name: 'x', ok: true, problems: [] },
      ],
    });
  });

  it('shows every problem of rules and tests as `check` does, and ends with 78', async () => {
    const wrong = testOf('a').replace('channel: ops', 'channel: opps');
    const files = { 'rules/r.yaml': RULES, 'rules/r.test.yaml': wrong, 'rules/s.test.yaml': testOf('b') };
    const { cwd, run } = await open(files);
    expect(await run()).toEqual({
      code: 78,
      out: `rules/r.test.yaml:5:29: there is no channel \`opps\` [test.invalid]
  5 |         expect: [{ channel: opps, title: e }]
    |                             ^^^^
  did you mean \`ops\`?

ok  b
1 passed, 1 failed
`,
      err: '',
    });
    await writeFile(path.join(cwd, 'rules/r.yaml'), RULES.replace('match', 'mtach'));
    const { code, out } = await run();
    expect(code).toBe(78);
    expect(out).toMatch(/^rules\/r\.yaml:2:20: `mtach` is not a setting of a rule/);
    expect(out).toMatch(/0 passed, 1 failed\n$/);
  });

  it('reports a path without tests, and ends with 3', async () => {
    const { run } = await open({ 'rules/r.yaml': RULES, 'other/r.yaml': RULES, 'other/r.test.yaml': testOf('a') });
    expect(await run()).toEqual({
      code: 3,
      out: '',
      err: expect.stringContaining('there are no tests (`*.test.yaml`) in'),
    });
    expect((await run('other', 'nowhere')).code).toBe(3);
    expect((await run('other')).code).toBe(0);
  });

  it('ends with 2 for wrong usage', async () => {
    const { run } = await open({});
    expect((await run('--wacth')).code).toBe(2);
  });

  it('needs no credentials', async () => {
    const rules = RULES.replace('type: log', 'type: wecom, key: "${env:KEY}"');
    const { run } = await open({ 'rules/r.yaml': rules, 'rules/r.test.yaml': testOf('a') });
    expect((await run()).code).toBe(0);
  });
});

describe('the rules of a test are', () => {
  const files = {
    'rules/channels.yaml': 'channels: { ops: { type: log } }\n',
    'rules/team/r.yaml': RULES.split('\n')[1]!,
    'rules/team/r.test.yaml': testOf('team'),
    'examples/one/r.yaml': RULES,
    'examples/one/tests/more/r.test.yaml': testOf('one'),
    'examples/two/deep/r.yaml': RULES.replace('"{{ type }}"', 'two'),
    'examples/two/r.test.yaml': testOf('two', 'two'),
  };

  it('the whole rules directory for a test file in it', async () => {
    const { run } = await open(files);
    expect(await run('rules/team')).toMatchObject({ code: 0, out: 'ok  team\n1 passed, 0 failed\n' });
    expect(await run('rules/team', '--config', 'rules/team')).toMatchObject({ code: 78 });
  });

  it('else those of its own directory, or of the nearest one above with rules', async () => {
    const { run } = await open(files);
    expect(await run('examples')).toMatchObject({ code: 0, out: 'ok  one\nok  two\n2 passed, 0 failed\n' });
  });

  it('the single rules file, for a test file beside it', async () => {
    const { run } = await open({ 'a.yaml': RULES, 'a.test.yaml': testOf('beside'), 'b.yaml': 'nonsense' });
    const passed = { code: 0, out: 'ok  beside\n1 passed, 0 failed\n' };
    expect(await run('--config', 'a.yaml')).toMatchObject(passed);
    expect(await run('a.test.yaml', '--config', 'a.yaml')).toMatchObject(passed);
    expect(await run('a.test.yaml')).toMatchObject({ code: 78 });
  });

  it('found through links too, each folder once', async () => {
    const { cwd, run } = await open({ 'rules/r.yaml': RULES, 'elsewhere/r.test.yaml': testOf('linked') });
    await symlink(path.join(cwd, 'elsewhere'), path.join(cwd, 'rules', 'tests'));
    await symlink(path.join(cwd, 'rules'), path.join(cwd, 'rules', 'again'));
    expect(await run()).toMatchObject({ code: 0, out: 'ok  linked\n1 passed, 0 failed\n' });
  });
});

it('a path that does not exist differs from one without tests', async () => {
  const { run } = await open({ 'rules/r.yaml': RULES });
  expect(await run('nowhere')).toMatchObject({
    code: 3,
    err: expect.stringContaining('there is no file or directory `nowhere`') as string,
  });
  expect(await run('rules')).toMatchObject({ code: 3 });
});

describe('--junit', () => {
  it('writes JUnit XML for CI servers, without characters that XML forbids', async () => {
    const { cwd, run } = await open({
      'rules/r.yaml': RULES,
      'rules/r.test.yaml': testOf(String.raw`"a <b> & \"c\" \x07 \ud83d\ude00"`, "'<x>'") + testOf('fine').slice(7),
      'rules/s.test.yaml': 'tests: []\n',
    });
    expect((await run('--junit', 'out/report.xml')).code).toBe(78);
    const xml = await readFile(path.join(cwd, 'out/report.xml'), 'utf8');
    expect(xml).toContain('<testsuites name="belfry" tests="3" failures="1" errors="1">');
    expect(xml).toContain('<testcase name="a &lt;b&gt; &amp; &quot;c&quot; \ufffd 😀" classname="rules/r.test.yaml">');
    expect(xml).toContain('should be &quot;&lt;x&gt;&quot;');
    expect(xml).toContain('<testcase name="fine" classname="rules/r.test.yaml"/>');
    expect(xml).toContain('<error message="`tests` has too few entries">rules/s.test.yaml:1:8: ');
    // Every tag that is opened is closed, in turn.
    const unclosed: string[] = [];
    for (const [, end, name, single] of xml.matchAll(/<(\/?)([a-z]+)(?:\s+\w+="[^"<]*")*(\/?)>/g)) {
      if (end === '/') expect(unclosed.pop()).toBe(name);
      else if (single !== '/') unclosed.push(name!);
    }
    expect(unclosed).toEqual([]);
  });

  it('writes into a FIFO and through a symbolic link, and replaces neither', async () => {
    const { cwd, run } = await open({ 'rules/r.yaml': RULES, 'rules/r.test.yaml': testOf('a'), 'kept/report.xml': '' });
    execFileSync('mkfifo', [path.join(cwd, 'fifo')]);
    const reader = spawn('cat', [path.join(cwd, 'fifo')]);
    onTestFinished(() => void reader.kill());
    const [read, ended] = [text(reader.stdout), once(reader, 'close')];
    expect((await run('--junit', 'fifo')).code).toBe(0);
    expect((await lstat(path.join(cwd, 'fifo'))).isFIFO()).toBe(true);
    await ended;
    expect(await read).toContain('<testcase name="a"');

    await symlink('kept/report.xml', path.join(cwd, 'link'));
    expect((await run('--junit', 'link')).code).toBe(0);
    expect((await lstat(path.join(cwd, 'link'))).isSymbolicLink()).toBe(true);
    expect(await readFile(path.join(cwd, 'kept/report.xml'), 'utf8')).toContain('<testcase name="a"');
  });

  it('reports that the report cannot be written', async () => {
    const { run } = await open({ 'rules/r.yaml': RULES, 'rules/r.test.yaml': testOf('a') });
    const { code, err } = await run('--junit', 'rules/r.yaml/report.xml');
    expect(code).toBe(1);
    expect(err).toMatch(/report\.xml cannot be written/);
  });
});

describe('--watch', () => {
  /** Reads on until a line says how the tests ended. */
  async function nextEnd(out: PassThrough): Promise<string> {
    let text = '';
    for (;;) {
      text += written(out);
      const end = /^\d+ passed, \d+ failed$/m.exec(text);
      if (end !== null) return end[0];
      await new Promise((resolve) => out.once('readable', resolve));
    }
  }

  /** Saves as editors do: temporary file, then rename. */
  async function save(cwd: string, name: string, text: string): Promise<void> {
    await writeFile(path.join(cwd, 'aside'), text);
    await rename(path.join(cwd, 'aside'), path.join(cwd, name));
  }

  it('runs them again after each change of the tests and the rules, until it is interrupted', async () => {
    const { cwd, out, interruption, run } = await open({
      'config/r.yaml': '{}',
      'story/r.yaml': RULES,
      'story/tests/r.test.yaml': testOf('a'),
    });
    const ended = run('--watch', 'story/tests', '--config', 'config');
    expect(await nextEnd(out)).toBe('1 passed, 0 failed');
    await save(cwd, 'story/tests/r.test.yaml', testOf('a') + testOf('b', 'f').slice(7));
    expect(await nextEnd(out)).toBe('1 passed, 1 failed');
    await save(cwd, 'story/r.yaml', RULES.replace('{{ type }}', 'f'));
    expect(await nextEnd(out)).toBe('1 passed, 1 failed');
    await save(cwd, 'story/tests/s.test.yaml', testOf('c', 'f'));
    expect(await nextEnd(out)).toBe('2 passed, 1 failed');
    await rm(path.join(cwd, 'story/tests/r.test.yaml'));
    expect(await nextEnd(out)).toBe('1 passed, 0 failed');
    interruption.abort();
    expect((await ended).code).toBe(0);
  });
});
