import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Generations, MAX_GENERATIONS, type ReloadCause } from '../../../daemon/app/reload/generations.ts';
import { withLevel } from '../../../daemon/core/problems/failure.ts';
import { openLog } from '../../../daemon/lib/log.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { Live } from '../../../daemon/reload/live.ts';
import type { RulesText } from '../../../daemon/reload/load.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { tools } from '../../support/rule-types.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CHANNELS = 'channels:\n  ops: { type: sink }\n';
const rule = (name: string, more = ''): string => `  - name: ${name}\n    notify: ops\n${more}`;

/** Rules in a folder, and processes that load them one after another with the same store. */
async function openRules(first: string) {
  const folder = await temporaryFolder();
  const store: Store = await openStore({ path: ':memory:' });
  onTestFinished(() => store.close());
  const write = (rules: string) => writeFile(path.join(folder, 'rules.yaml'), `${CHANNELS}rules:\n${rules}`);
  await write(first);
  const scrubber = new Scrubber();
  const log = openLog({ level: 'silent', format: 'json' }, scrubber, process.stdout);
  let kept: readonly RulesText[] = [];
  const start = async () => {
    const live = new Live(folder, { env: {}, tools, scrubber });
    const prepared = await live.prepare();
    if (prepared.kind !== 'ready') throw new Error(JSON.stringify(prepared.problems));
    const now = () => '2026-11-23T09:00:00.000Z';
    const generations = new Generations({ checkpoints: store.checkpoints, live, scrubber, log, now });
    const started = await generations.start(prepared.digests, () => Promise.resolve(kept));
    live.swap(prepared, started.number);
    started.record([]);
    kept = live.texts;
    const reload = async (by: ReloadCause = 'watch') => {
      const before = live.ruleSources;
      const next = await live.prepare();
      const isApplied = next.kind === 'ready';
      if (isApplied) live.swap(next);
      kept = live.texts;
      const diff = isApplied ? next.diff : { added: [], changed: [], removed: [] };
      const problems = withLevel('error', next.problems);
      const view = {
        ok: problems.length === 0,
        generation: live.generation,
        ...diff,
        restart_needed: [],
        notes: [],
        problems,
      };
      generations.record({ by, result: view, isApplied, before });
    };
    return { live, generations, reload };
  };
  return { write, start, scrubber, store };
}

test('a reload is kept with what it added, changed and removed, and the lines that differ', async () => {
  const { write, start } = await openRules(`${rule('a', '    dedupe: 5m\n')}${rule('b')}`);
  const { generations, reload } = await start();
  await write(`${rule('a', '    dedupe: 10m\n')}${rule('c')}`);
  await reload('signal');
  const [second, first] = await generations.list(10);
  expect(first).toMatchObject({ generation: 1, by: 'start', result: 'applied', diff: [] });
  expect(first!.added).toEqual(['channel ops', 'rule a', 'rule b']);
  expect(second).toMatchObject({
    generation: 2,
    at: '2026-11-23T09:00:00.000Z',
    by: 'signal',
    result: 'applied',
    counts: { added: 1, changed: 1, removed: 1 },
    added: ['rule c'],
    changed: ['rule a'],
    removed: ['rule b'],
    problems: [],
  });
  expect(second!.diff).toEqual([
    {
      rule: 'a',
      file: expect.stringMatching(/rules\.yaml$/),
      line: 4,
      text: '@@ -4,3 +4,3 @@\n   - name: a\n     notify: ops\n-    dedupe: 5m\n+    dedupe: 10m\n',
    },
    expect.objectContaining({ rule: 'c', text: '@@ -0,0 +7,2 @@\n+  - name: c\n+    notify: ops\n' }),
    expect.objectContaining({ rule: 'b', text: '@@ -7,2 +0,0 @@\n-  - name: b\n-    notify: ops\n' }),
  ]);
});

test('a start with the same rules has the same number and no entry; one with edited rules says what has changed since', async () => {
  const { write, start } = await openRules(rule('a'));
  await (await start()).generations.idle();
  const again = await start();
  expect(again.live.generation).toBe(1);
  expect(await again.generations.list(10)).toHaveLength(1);
  await write(rule('a', '    dedupe: 5m\n'));
  const edited = await start();
  expect(edited.live.generation).toBe(2);
  expect((await edited.generations.list(1))[0]).toMatchObject({
    generation: 2,
    by: 'start',
    added: [],
    changed: ['rule a'],
    diff: [{ rule: 'a', text: '@@ -4,2 +4,3 @@\n   - name: a\n     notify: ops\n+    dedupe: 5m\n' }],
  });
});

test('a refused save is kept once with its problems, and the number stays that of the rules in force', async () => {
  const { write, start } = await openRules(rule('a'));
  const { generations, reload } = await start();
  await write(rule('a', '    dedup: 5m\n'));
  await reload();
  await reload('api');
  await write(rule('a', '    dedup: 6m\n    throttl: 3/1h\n'));
  await reload();
  const [third, second, ...others] = await generations.list(10);
  expect(others).toHaveLength(1);
  expect(second).toMatchObject({
    generation: 1,
    by: 'watch',
    result: 'refused',
    problems: [{ line: 6, column: 5, code: 'schema.unknown_key', excerpt: { text: '    dedup: 5m', column: 5 } }],
  });
  expect(third!.problems).toHaveLength(2);
});

test('no secret is stored: not of a rule, not of a setting that a rule repeats, not in a source line', async () => {
  const { write, start, scrubber, store } = await openRules(rule('a', '    message: { body: hunter-in-channel }\n'));
  scrubber.add('hunter-in-channel');
  const { generations, reload } = await start();
  await write(
    `${rule('a', '    message: { body: "https://ann:hunter-in-rule@ci.example" } # password: hunter-in-comment\n')}nonsense: hunter-in-section\n`,
  );
  await reload();
  await write(
    rule('a', '    message: { body: "https://ann:hunter-in-rule@ci.example" } # password: hunter-in-comment\n'),
  );
  await reload();
  await generations.idle();
  const stored = [...(await store.checkpoints.read('generations:entries')).values()].join('\n');
  expect(stored).toContain('https://***@ci.example');
  expect(stored).not.toMatch(/hunter-in/);
});

test(`the last ${MAX_GENERATIONS} reloads are kept`, async () => {
  const { write, start } = await openRules(rule('a'));
  const { generations, reload } = await start();
  for (let n = 0; n < MAX_GENERATIONS + 5; n += 1) {
    await write(rule('a', `    dedupe: ${n + 1}m\n`));
    await reload();
  }
  const kept = await generations.list(1000);
  expect(kept).toHaveLength(MAX_GENERATIONS);
  expect(kept[0]!.generation).toBe(MAX_GENERATIONS + 6);
});
