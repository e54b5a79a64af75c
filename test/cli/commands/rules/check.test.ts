import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { check } from '../../../../daemon/cli/check-rules.ts';
import { checkAndReport, type CheckFormat } from '../../../../daemon/cli/commands/rules/check.ts';
import { registry } from '../../../support/rule-types.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { written } from '../../../support/command-line.ts';

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return folder;
}

async function run(
  cwd: string,
  paths: string[],
  format: CheckFormat = 'text',
  env: Record<string, string> = {},
  isTTY = false,
) {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const stderr = new PassThrough();
  const code = await checkAndReport({ paths, format, registry, terminal: { env, cwd, stdout, stderr } });
  return { code, out: written(stdout), err: written(stderr) };
}

const GOOD = 'channels:\n  ops: { type: sink }\nrules:\n  - { name: a, notify: ops }\n';
const BAD = 'rules:\n  - name: b\n    notify: opz\n    dedup: 5m\n';

describe('belfry check', () => {
  it('reports valid rules and exits with 0', async () => {
    const cwd = await folderWith({ 'rules/a.yaml': GOOD, 'rules/b.yaml': '# nothing yet\n' });
    expect(await run(cwd, ['rules'])).toEqual({ code: 0, out: 'valid: 1 rule in 2 files\n', err: '' });
  });

  it('shows every problem with its position, an excerpt, a caret and a fix, and exits with 78', async () => {
    const cwd = await folderWith({ 'rules/a.yaml': GOOD, 'rules/b.yaml': BAD });
    const { code, out } = await run(cwd, ['rules']);
    expect(code).toBe(78);
    expect(
      out,
    ).toBe(`rules/b.yaml:3:13: the rule \`b\` names a channel that does not exist: \`opz\` [rule.unknown_channel]
  3 |     notify: opz
    |             ^^^
  did you mean \`ops\`?

rules/b.yaml:4:5: \`dedup\` is not a setting of a rule [schema.unknown_key]
  4 |     dedup: 5m
    |     ^^^^^
  did you mean \`dedupe\`?

2 problems, 2 rules in 2 files
`);
  });

  it('has colours on a terminal, unless NO_COLOR is set', async () => {
    const cwd = await folderWith({ 'b.yaml': BAD });
    expect((await run(cwd, ['b.yaml'], 'text', {}, true)).out).toContain('\u001b[');
    expect((await run(cwd, ['b.yaml'], 'text', { NO_COLOR: '1' }, true)).out).not.toContain('\u001b[');
  });

  it('prints stable JSON', async () => {
    const cwd = await folderWith({ 'a.yaml': GOOD, 'b.yaml': BAD });
    const { code, out } = await run(cwd, ['.'], 'json');
    expect(code).toBe(78);
    expect(JSON.parse(out)).toEqual({
      valid: false,
      files: 2,
      rules: 2,
      problems: [
        {
          file: 'b.yaml',
          line: 3,
          column: 13,
          level: 'error',
          code: 'rule.unknown_channel',
          message: 'the rule `b` names a channel that does not exist: `opz`',
          mend: 'did you mean `ops`?',
        },
        {
          file: 'b.yaml',
          line: 4,
          column: 5,
          level: 'error',
          code: 'schema.unknown_key',
          message: '`dedup` is not a setting of a rule',
          mend: 'did you mean `dedupe`?',
        },
      ],
    });
  });

  it('prints annotations for GitHub', async () => {
    const cwd = await folderWith({ 'a,b.yaml': 'rulez: []\n' });
    expect((await run(cwd, ['.'], 'github')).out).toBe(
      '::error file=a%2Cb.yaml,line=1,col=1,title=schema.unknown_key::`rulez` is not a section of a rules file; did you mean `rules`?\n',
    );
  });

  it('lets a single file use names from files beside it, and reports only that file', async () => {
    const cwd = await folderWith({
      'channels.yaml': 'channels:\n  ops: { type: sink }\n',
      'rules.yaml': 'rules:\n  - { name: a, notify: ops }\n',
      'broken.yaml': 'x: "\n',
    });
    expect(await run(cwd, ['rules.yaml'])).toMatchObject({ code: 0, out: 'valid: 1 rule in 1 file\n' });
    await writeFile(path.join(cwd, 'rules.yaml'), 'rules:\n  - { name: a, notify: opz }\n');
    expect((await check({ paths: ['rules.yaml'], env: {}, cwd, registry })).problems).toMatchObject([
      { mend: 'did you mean `ops`?' },
    ]);
  });

  it.each([
    ['a path that does not exist', 'nothing', 'file.unreadable'],
    ['a directory without rules files', 'empty', 'file.none'],
  ])('answers %s with 78', async (_what, name, code) => {
    const cwd = await folderWith({ 'empty/notes.txt': '' });
    const { code: exit, out } = await run(cwd, [name], 'json');
    expect(exit).toBe(78);
    expect(JSON.parse(out)).toMatchObject({ valid: false, files: 0, problems: [{ file: name, code }] });
  });

  it('shows no secret in any format, whatever is wrong around it', async () => {
    const secrets = ['hunter2-env-value', 'hunter2-literal-x', 'hunter2-misplaced'];
    const cwd = await folderWith({
      'a.yaml': `channels:
  a: { type: pager, key: '\${env:KEY}', style: '\${env:KEY}', prot: '\${env:KEY}' }
  b: { type: pager, key: ${secrets[1]}, keys: { x: ${secrets[2]} }, delivery: { timeout: 5 } }
  c: { type: pagr, key: ${secrets[1]} }
  d: ${secrets[2]}
daemon:
  tokens: [{ name: ci, tokn: ${secrets[1]}, scopes: [emit] }]
rules:
  - { name: r, notify: '\${env:KEY}', dedupe: '\${env:KEY}', message: { title: '{% \${env:KEY}', priority: '\${env:KEY}' }, match: { a: { regex: '(\${env:KEY}' } } }
`,
    });
    for (const format of ['text', 'json', 'github'] as const) {
      const { code, out } = await run(cwd, ['.'], format, { KEY: secrets[0]! });
      expect(code).toBe(78);
      for (const secret of secrets) expect(out).not.toContain(secret);
    }
  });
});
