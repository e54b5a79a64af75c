import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { loadChannelTypes } from '../../../../daemon/channels/index.ts';
import { check } from '../../../../daemon/cli/check-rules.ts';
import { translate } from '../../../../daemon/cli/import/formats.ts';
import { sourceTypes } from '../../../../daemon/sources/index.ts';
import { parseInPieces } from '../../../../daemon/reload/yaml/parse-file.ts';
import { parseYaml } from '../../../../daemon/reload/yaml/parse.ts';
import { readYaml } from '../../../../daemon/reload/yaml/read-yaml.ts';
import { grammar, mutated } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const ROOT = path.join(import.meta.dirname, '../../../..');

/** Rules files of the repository, and the YAML in its pages. A plugin would be started by its rules. */
const RULES = [
  ...['rules', 'examples'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.ya?ml$/.test(file) && !/plugin/.test(file))
      .map((file) => readFileSync(path.join(ROOT, folder, file), 'utf8')),
  ),
  ...['rules.md', 'cookbook.md', 'delivery.md'].flatMap((page) =>
    [...readFileSync(path.join(ROOT, 'docs', page), 'utf8').matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!),
  ),
].filter((text) => text.length < 6000 && !text.includes('plugins:'));

const YAML = [
  'rules:\n',
  '- ',
  'name: a\n',
  '  ',
  '\n',
  'match: ',
  '{ ',
  ' }',
  '[',
  ']',
  ': ',
  ', ',
  '"',
  "'",
  '|\n',
  '>-\n',
  '&a ',
  '*a',
  '<<: ',
  '!!binary ',
  '# c\n',
  '? ',
  '---\n',
  '%YAML 1.1\n',
  '~',
  'notify: ops\n',
  'channels:\n',
  'type: log\n',
  '${env:X}',
  '\t',
  '__proto__: ',
  '{{ x }}',
];
const yaml = fc.oneof({ weight: 3, arbitrary: mutated(RULES) }, { weight: 2, arbitrary: grammar(YAML, 25) });

const registry = { channels: await loadChannelTypes(), sources: sourceTypes };
const folder = mkdtempSync(path.join(tmpdir(), 'belfry-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const IMPORTS = [
  'route:\n  receiver: ops\n  routes:\n    - matchers: [severity="critical", team=~"a|b"]\n      receiver: page\n      continue: true\nreceivers:\n  - name: ops\n    slack_configs: [{ api_url: https://hooks.slack.com/x, channel: "#a" }]\n  - name: page\n    webhook_configs: [{ url: http://x/ }]\ntime_intervals:\n  - name: nights\n    time_intervals: [{ times: [{ start_time: "22:00", end_time: "24:00" }], weekdays: ["monday:friday"] }]\n',
  'version: 1\ngroups: { a: b }\nurls:\n  - json://localhost:\n      - tag: x\n  - slack://TokenA/TokenB/TokenC?tag=a\n  - mailto://user:pass@gmail.com\n',
  'ops=slack://A/B/C, tgram://123:abc/456\nmailto://u:p@example.com?to=x\n# c\ngroup = ops, other\n',
  '[{"id":"deploy","execute-command":"/bin/x","trigger-rule":{"and":[{"match":{"type":"payload-hmac-sha256","secret":"k","parameter":{"source":"header","name":"X-Hub"}}}]}}]',
];

export const rules = [
  fuzzed({
    name: 'yaml',
    share: 0.5,
    generate: yaml,
    run: async (text) => ({
      read: readYaml(text),
      pieces: await parseInPieces(text).catch((error: unknown) => Promise.reject(error as Error)),
    }),
    check({ read, pieces }, text) {
      if (!read.ok) {
        assert.ok(read.issues.length > 0, 'a text is refused without an issue');
        for (const { offset, message, mend } of read.issues) {
          assert.ok(offset >= 0 && offset <= text.length, `an issue is at ${offset} of ${text.length}`);
          assert.ok(message !== '' && mend !== '');
        }
        return;
      }
      if (pieces?.ok === true)
        assert.deepEqual(pieces.data, read.data, 'a file that is parsed in pieces has other data');
      const spaced = parseYaml(`# first\n\n${text}\n# last\n`);
      if (!/^%|^---|\uFEFF|[|>][-+0-9]*\s*$/m.test(text) && spaced.ok)
        assert.deepEqual(spaced.data, read.data, 'comments change the data');
    },
  }),
  fuzzed({
    name: 'rules-file',
    share: 0.15,
    generate: yaml,
    async run(text) {
      await writeFile(path.join(folder, 'rules.yaml'), text);
      return check({ paths: ['rules.yaml'], env: {}, cwd: folder, registry, withoutSecrets: true, now: 0 });
    },
    check(checked, text) {
      const lines = text.split('\n');
      for (const problem of checked.problems) {
        const { line, column, code, message, mend } = problem;
        assert.match(code, /^[a-z_]+\.[\w.-]+$/);
        assert.ok(message !== '' && mend !== '', 'a problem has no text');
        assert.ok(line >= 1 && line <= lines.length, `a problem is in line ${line} of ${lines.length}`);
        assert.ok(
          column >= 1 && column <= lines[line - 1]!.length + 1,
          `a problem is in column ${column} of ${lines[line - 1]!.length}`,
        );
        checked.excerpt(problem);
      }
    },
  }),
  fuzzed({
    name: 'import',
    share: 0.4,
    generate: fc.oneof(mutated(IMPORTS), mutated(RULES, 1)),
    run: (text) => translate(text),
    check(found) {
      for (const { line, reason, mend } of found?.draft.skipped ?? [])
        assert.ok(line >= 1 && reason !== '' && mend !== '');
    },
  }),
];
