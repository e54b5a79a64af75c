import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Secret } from '../../daemon/lib/secrets/secret.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { listRulesFiles } from '../../daemon/reload/files.ts';
import { type LoadedFile, loadFile } from '../../daemon/reload/load.ts';
import { parseInWorker } from '../../daemon/reload/yaml/parse-in-worker.ts';
import { placesOf } from '../support/compile.ts';
import { tools } from '../support/rule-types.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function load(
  content: string | Buffer,
  env: Record<string, string> = {},
  scrubber = new Scrubber(),
): Promise<LoadedFile> {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'rules.yaml');
  await writeFile(file, content);
  return loadFile(file, { env, tools, scrubber });
}

const places = ({ fragment }: LoadedFile): string[] => placesOf(fragment.problems);

describe('a rules directory', () => {
  it('has all *.yaml and *.yml files at any depth, except tests and names that begin with . or _', async () => {
    const folder = await temporaryFolder();
    const names = [
      'b.yaml',
      'a.yml',
      'team/x/c.yaml',
      'a.test.yaml',
      '_off.yaml',
      '.hidden.yaml',
      '.git/d.yaml',
      '_old/e.yaml',
      'notes.txt',
      'x.yaml~',
    ];
    for (const name of names) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), '');
    }
    const { files } = await listRulesFiles(folder);
    expect(files.map((file) => path.relative(folder, file))).toEqual(['a.yml', 'b.yaml', 'team/x/c.yaml']);
  });

  it('may have links, also circular ones', async () => {
    const folder = await temporaryFolder();
    const elsewhere = await temporaryFolder();
    await writeFile(path.join(elsewhere, 'far.yaml'), '');
    await symlink(elsewhere, path.join(folder, 'linked'));
    await symlink(folder, path.join(folder, 'round'));
    await symlink(path.join(elsewhere, 'far.yaml'), path.join(folder, 'near.yaml'));
    const { files } = await listRulesFiles(folder);
    expect(files.map((file) => path.relative(folder, file))).toEqual(['linked/far.yaml', 'near.yaml']);
  });

  it('may be one file of any name; a missing one is a problem', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'belfry.conf'), '');
    expect(await listRulesFiles(path.join(folder, 'belfry.conf'))).toEqual({
      files: [path.join(folder, 'belfry.conf')],
      problems: [],
    });
    expect((await listRulesFiles(path.join(folder, 'nothing'))).problems).toMatchObject([{ code: 'file.unreadable' }]);
  });
});

describe('an unusable file', () => {
  it.each<[string, string | Buffer, string]>([
    ['an empty file', '', '1:1 file.empty'],
    ['a file of blank lines', '\n \n', '1:1 file.empty'],
    ['a file over 16 MiB', `# ${'x'.repeat(16 * 1024 * 1024)}`, '1:1 file.too_large'],
    ['UTF-16', Buffer.from('\ufeffa: 1', 'utf16le'), '1:1 file.encoding'],
    ['Latin-1', Buffer.from('rules: # gr\xfc\xdfe\n', 'latin1'), '1:12 file.encoding'],
    [
      'bytes that are not text, further down',
      Buffer.concat([Buffer.from('a: 1\nb: äö'), Buffer.from([0xc3, 0x28])]),
      '2:6 file.encoding',
    ],
  ])('%s', async (_what, content, place) => {
    expect(places(await load(content))).toEqual([place]);
  });

  it('with a byte order mark is read', async () => {
    expect(places(await load('\ufeffrulez: []\n'))).toEqual(['1:1 schema.unknown_key']);
  });

  it('that is a FIFO is refused without waiting', async (context) => {
    if (!existsSync('/usr/bin/mkfifo')) context.skip('needs mkfifo (package coreutils)');
    const folder = await temporaryFolder();
    const file = path.join(folder, 'pipe.yaml');
    execFileSync('mkfifo', [file]);
    expect(places(await loadFile(file, { env: {}, tools, scrubber: new Scrubber() }))).toEqual([
      '1:1 file.not_regular',
    ]);
  });

  it('that is a directory or a link to nothing is refused', async () => {
    const folder = await temporaryFolder();
    await symlink('/nowhere/at/all', path.join(folder, 'link.yaml'));
    const loaded = await loadFile(path.join(folder, 'link.yaml'), { env: {}, tools, scrubber: new Scrubber() });
    expect(places(loaded)).toEqual(['1:1 file.unreadable']);
  });
});

describe('a reference', () => {
  const keyOf = ({ fragment }: LoadedFile): string => (fragment.channels[0]!.settings as { key: Secret }).key.reveal();
  const pager = (key: string): string => `channels:\n  a: { type: pager, key: '${key}' }\n`;

  it.each([
    ['${env:KEY}', 'from-env'],
    ['${env:NONE:-other}', 'other'],
    ['${env:EMPTY:-other}', 'other'],
    ['a${env:KEY}b${env:KEY}', 'afrom-envbfrom-env'],
    ['$${env:KEY}', '${env:KEY}'],
    ['${credential:key}', 'from-credential'],
    ['${file:secrets/key}', 'from-file'],
  ])('%s is %s', async (written, read) => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, 'secrets'));
    await writeFile(path.join(folder, 'secrets/key'), 'from-file\n');
    await writeFile(path.join(folder, 'key'), 'from-credential');
    await writeFile(path.join(folder, 'rules.yaml'), pager(written));
    const env = { KEY: 'from-env', EMPTY: '', CREDENTIALS_DIRECTORY: folder };
    const loaded = await loadFile(path.join(folder, 'rules.yaml'), { env, tools, scrubber: new Scrubber() });
    expect(loaded.fragment.problems).toEqual([]);
    expect(keyOf(loaded)).toBe(read);
  });

  it.each([
    ['${env:NONE}', 'the environment variable `NONE` is not set'],
    ['${file:none}', 'the file `none` does not exist'],
    ['${file:.}', 'the file `.` is not a file'],
    ['${credential:none}', '`$CREDENTIALS_DIRECTORY` is not set, so there are no credentials'],
    ['${evn:KEY}', 'this `${` does not begin a reference'],
    ['${KEY}', 'this `${` does not begin a reference'],
    ['${env:KEY', 'a `${` is not closed'],
  ])('%s that cannot be resolved is a problem at its position', async (written, message) => {
    const { fragment } = await load(pager(written), { KEY: 'x' });
    expect(fragment.problems).toMatchObject([{ line: 2, column: 26, code: 'secret.unresolved', message }]);
  });

  it('is shown as the name of an instance, also where another text has the same reference', async () => {
    const scrubber = new Scrubber();
    const text = `daemon: { instance: "\${env:NODE}" }\nchannels:\n  p: { type: pager, key: "\${env:KEY}", body: "\${env:NODE}: {{ title }}" }\n`;
    const { fragment } = await load(text, { NODE: 'berlin-1.example', KEY: 'brought-in' }, scrubber);
    expect(fragment.daemon?.instance).toBe('berlin-1.example');
    expect(scrubber.scrub('berlin-1.example has brought-in')).toBe('berlin-1.example has ***');
  });

  it('gives its value to the scrubber, like secret settings', async () => {
    const scrubber = new Scrubber();
    await load(
      `channels:\n  a: { type: pager, key: literal-secret, body: 'x \${env:WORD}' }\n`,
      { WORD: 'brought-in' },
      scrubber,
    );
    expect(scrubber.scrub('literal-secret and brought-in and x')).toBe('*** and *** and x');
  });

  it('changes the stamp of the file when its value changes', async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'rules.yaml');
    await writeFile(file, pager('${file:key}'));
    await writeFile(path.join(folder, 'key'), 'one');
    const parts = { env: {}, tools, scrubber: new Scrubber() };
    const first = await loadFile(file, parts);
    expect(await loadFile(file, parts, first)).toBe(first);
    await writeFile(path.join(folder, 'key'), 'two');
    const second = await loadFile(file, parts, first);
    expect(keyOf(second)).toBe('two');
    expect(second.fragment.channels[0]!.fingerprint).not.toBe(first.fragment.channels[0]!.fingerprint);
    expect(second.secretFiles).toEqual([path.join(folder, 'key')]);
  });
});

describe('an excerpt', () => {
  const excerptOf = async (content: string): Promise<string[]> => {
    const loaded = await load(content);
    expect(loaded.fragment.problems.length).toBeGreaterThan(0);
    return loaded.fragment.problems.map((problem) => {
      const { text, column } = loaded.excerpt(problem)!;
      return `${text} @ ${text.slice(column - 1, column + 4)}`;
    });
  };

  it.each([
    [
      'a secret written out',
      'channels:\n  a: { type: pager, key: hunter2secret, prot: 25 }\n',
      '  a: { type: pager, key: ***, prot: *** } @ prot:',
    ],
    [
      'the value of a misspelt key',
      'channels:\n  a:\n    type: pager\n    key: k\n    keey: hunter2secret\n',
      '    keey: *** @ keey:',
    ],
    [
      'a secret in the wrong shape',
      'channels:\n  a: { type: pager, key: [hunter2secret] }\n',
      '  a: { type: pager, key: *** } @ *** }',
    ],
    [
      'the settings of an unknown type',
      'channels:\n  a: { type: pagr, key: hunter2secret }\n',
      '  a: { type: pagr, key: *** } @ pagr,',
    ],
    [
      'the literal part of a secret, but not its reference',
      'channels:\n  a: { type: pager, key: "${env:NONE}/hunter2${file:nowhere}$${env:X}" }\n',
      '  a: { type: pager, key: "${env:NONE}***${file:nowhere}***" } @ "${en',
    ],
    [
      'the default of a reference',
      'channels:\n  a: { type: pager, key: "${env:NONE:-hunter2}", prot: "${env:X:-hunter2}" }\n',
      '  a: { type: pager, key: "${env:NONE:-***}", prot: "${env:X:-***}" } @ prot:',
    ],
    [
      'a secret that looks like a reference',
      'channels:\n  a: { type: pager, key: "hun${ter}2$${env:X}" }\n',
      '  a: { type: pager, key: *** } @ *** }',
    ],
    ['a file that is not YAML', 'channels:\n  a:\n    key: "hunter2secret\n', '    key: *** @ ***'],
  ])('hides %s', async (_what, content, shown) => {
    const [first] = await excerptOf(content);
    expect(first).toBe(shown);
  });

  it('of a file that is not YAML masks texts that look like a secret and moves the caret', async () => {
    for (const line of [
      'token: abc: hunter2',
      'x: "https://u:hunter2@host/a" b',
      'password: {hunter2',
      '- whsec_hunter2abcdefgh: x: y',
    ]) {
      for (const shown of await excerptOf(`${line}\n`)) expect(shown).not.toContain('hunter2');
    }
  });
});

describe('an excerpt of a file that is not YAML', () => {
  const shownOf = async (content: string, line: number): Promise<string> => {
    const loaded = await load(`${content}\n`);
    expect(loaded.isParsed).toBe(false);
    return loaded.excerpt({ ...loaded.fragment.problems[0]!, line, column: 1 })!.text;
  };
  const BROKEN = '\nx: [a: b: c';

  it.each([
    ['the key of a rule', 'rules:\n  - name: a\n    key: {{ data.repository.full_name2 }}', 3],
    ['a link of a rule', 'rules:\n  - name: a\n    link: https://ci.example.com/{{ data.build_number }}/42', 3],
    ['a reference', 'channels:\n  a:\n    url: ${env:OPS_URL}', 3],
    ['a setting that is not a secret', 'channels:\n  a:\n    format: markdown', 3],
    ['a user', 'channels:\n  a:\n    user: belfry', 3],
    ['a comment', '# keys are in the vault\nrules:', 1],
  ])('shows %s', async (_what, text, line) => {
    expect(await shownOf(text + BROKEN, line)).toBe(text.split('\n')[line - 1]);
  });

  it.each([
    ['a key', 'channels:\n  a:\n    key: hunter2', 3],
    ['a key in quotes', '{"channels": {"a": {\n"key": "hunter2"', 2],
    ['an entry of a list of keys', 'channels:\n  a:\n    keys:\n      - hunter2', 4],
    ['an entry of a list of keys that is not indented', 'channels:\n  a:\n    keys:\n    - hunter2', 4],
    ['a block of text', 'channels:\n  a:\n    key: |\n      hunter2', 4],
    ['a text over several lines', 'channels:\n  a:\n    key: "abc\n      hunter2"', 4],
    ['a secret below `verify`', 'sources:\n  a:\n    verify:\n      slack:\n        - hunter2', 5],
    ['a channel that is indented into the rules', 'rules:\n  - name: a\n  channels:\n    a: { key: hunter2 }', 4],
    ['a login in a link of a rule', 'rules:\n  - name: a\n    link: https://u:hunter2@host/', 3],
    ['a token in a rule', 'rules:\n  - name: a\n    body: ghp_hunter2hunter2hunter2', 3],
    ['the written part of a URL', 'channels:\n  a:\n    url: ${env:NTFY}/hunter2', 3],
    ['a default', 'channels:\n  a:\n    key: ${env:NTFY:-hunter2}', 3],
  ])('hides %s', async (_what, text, line) => {
    expect(await shownOf(text + BROKEN, line)).not.toContain('hunter2');
  });
});

const built = new URL('../../dist/reload/yaml/parse-worker.js', import.meta.url);

it('a large file is parsed in a worker with the same result', async (context) => {
  if (!existsSync(built)) context.skip('needs the built program (npm run build)');
  const parsed = await parseInWorker('a: { b: [1, &x 2, *x] }\n', built);
  expect(parsed).toMatchObject({ ok: true, data: { a: { b: [1, 2, 2] } } });
});

it('a worker that cannot start makes the file unparsable and has no other effect', async () => {
  const parsed = await parseInWorker('a: 1', new URL('./no-such-worker.js', import.meta.url));
  expect(parsed).toMatchObject({ ok: false, issues: [{ code: 'yaml.too_large' }] });
});

describe('channel types that are loaded when rules name them', () => {
  const loadLazily = async (content: string): Promise<LoadedFile> => {
    const channels: (typeof tools.channels)[number][] = [];
    const faults = new Map([['beeper', 'a file is missing']]);
    const names = ['pager', 'sink', 'beeper'];
    const load = async (named: Iterable<string>): Promise<void> => {
      for (const name of named) channels.push(...tools.channels.filter(({ type }) => type === name));
      return Promise.resolve();
    };
    const file = path.join(await temporaryFolder(), 'rules.yaml');
    await writeFile(file, content);
    const lazy = { ...tools, channels, loader: { names, load, faults } };
    return await loadFile(file, { env: { KIND: 'sink' }, tools: lazy, scrubber: new Scrubber() });
  };
  const problemsOf = async (content: string): Promise<unknown> =>
    (await loadLazily(content)).fragment.problems.map(({ code, message, mend }) => [code, message, mend]);

  it('are there when the file is compiled, also if a reference names them', async () => {
    const { fragment } = await loadLazily('channels: { a: { type: sink }, b: { type: "${env:KIND}" } }');
    expect([fragment.problems, fragment.channels.map(({ type }) => type)]).toEqual([[], ['sink', 'sink']]);
  });

  it('are suggested for a typing error though they are not loaded', async () => {
    expect(await problemsOf('channels: { a: { type: pagr } }')).toEqual([
      ['channel.unknown_type', '`pagr` is not a type of channel', 'did you mean `pager`?'],
    ]);
  });

  it('are one problem each if they cannot be loaded', async () => {
    expect(await problemsOf('channels: { a: { type: beeper, key: k } }')).toEqual([
      [
        'program.missing',
        'the part of the program for `beeper` cannot be loaded: a file is missing',
        expect.stringMatching('restart the daemon'),
      ],
    ]);
  });
});
