import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { Live } from '../../../daemon/reload/live.ts';
import { tools } from '../../support/rule-types.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function sourcesOf(rules: string) {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'rules.yaml'), `channels:\n  ops: { type: sink }\n${rules}`);
  const live = new Live(folder, { env: {}, tools, scrubber: new Scrubber(), withoutSecrets: true });
  const prepared = await live.prepare();
  if (prepared.kind !== 'ready') throw new Error(JSON.stringify(prepared.problems));
  live.swap(prepared);
  return live.ruleSources.list.map(({ name, line, text }) => ({ name, line, at: text.line, text: text.text }));
}

test('a rule has its lines, the comments directly above it and those that are indented below it', async () => {
  const found = await sourcesOf(`rules:
  # Failed deploys.
  # Ask the team.
  - name: a # first
    notify: ops

    # of the first rule

  # no longer above a rule

  - name: b
    notify: ops
  -
    name: c
    notify: ops
  # at the end
hours: {}
`);
  expect(found).toEqual([
    {
      name: 'a',
      line: 6,
      at: 4,
      text: '  # Failed deploys.\n  # Ask the team.\n  - name: a # first\n    notify: ops\n\n    # of the first rule\n',
    },
    { name: 'b', line: 13, at: 13, text: '  - name: b\n    notify: ops\n' },
    { name: 'c', line: 15, at: 15, text: '  -\n    name: c\n    notify: ops\n' },
  ]);
});

test.each([
  ['entries that are split', '- { name: a, notify: ops }\n- { name: b, notify: ops }\n', [4, 5]],
  ['a single entry', '- name: a\n  notify: ops\n', [4]],
  ['a list on one line', '[{ name: a, notify: ops }, { name: b, notify: ops }]\n', [3, 3]],
])('a rule has the line of its entry in %s', async (what, rules, lines) => {
  const text = what === 'a list on one line' ? `rules: ${rules}` : `rules:\n${rules}`;
  expect((await sourcesOf(text)).map(({ line }) => line)).toEqual(lines);
});

test('the text of a rule has no secret: logins, tokens, defaults of references, and what a comment calls a secret', async () => {
  const [rule] = await sourcesOf(`rules:
  - name: a # old token: hunter1-of-ann
    # \${env:OLD:-hunter2}
    message: { body: 'see https://ann:hunter3@ci.example/x, ghp_hunter4hunter4' }
    if: data.team == "\${env:TEAM:-hunter5}"
    # was https://ann:hunter6@ci.example/hunter7?k=hunter8 and https://hooks.slack.com/services/T01/B02/hunter9Zk3Lw8Qm2Xv5Rt7Bn, see https://wiki.example/disk-full-2
    notify: ops
`);
  expect(rule!.text).not.toMatch(/hunter\d/);
  expect(rule!.text.split('\n')).toEqual([
    '  - name: a # old token: ***',
    '    # ${env:OLD:-***}',
    "    message: { body: 'see https://***@ci.example/x, ***' }",
    '    if: data.team == "${env:TEAM:-***}"',
    '    # was https://*** and https://hooks.slack.com/services/T01/B02/***, see https://wiki.example/disk-full-2',
    '    notify: ops',
    '',
  ]);
});
