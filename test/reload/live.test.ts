import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Secret } from '../../daemon/lib/secrets/secret.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { Live, type Prepared } from '../../daemon/reload/live.ts';
import { tools } from '../support/rule-types.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CHANNELS = 'channels:\n  ops: { type: sink }\n  mail: { type: sink }\n';
const RULES = 'rules:\n  - { name: a, notify: ops }\n';

async function started(files: Record<string, string> = { 'channels.yaml': CHANNELS, 'rules.yaml': RULES }) {
  const folder = await temporaryFolder();
  const write = (name: string, text: string) => writeFile(path.join(folder, name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const live = new Live(folder, { env: {}, tools, scrubber: new Scrubber() });
  const first = await live.prepare();
  if (first.kind !== 'ready') throw new Error(JSON.stringify(first));
  live.swap(first);
  const states = () => Object.fromEntries(live.files.map((file) => [path.basename(file.path), file.state]));
  return { folder, write, live, first, states };
}

type Ready = Extract<Prepared, { kind: 'ready' }>;
const ready = (prepared: Prepared): Ready => {
  if (prepared.kind !== 'ready') throw new Error(JSON.stringify(prepared));
  return prepared;
};
const codes = (prepared: Prepared): string[] => prepared.problems.map(({ code }) => code);

describe('the first start', () => {
  it('makes everything live as generation 1', async () => {
    const { live, first } = await started();
    expect(live.generation).toBe(1);
    expect(ready(first).diff).toEqual({ added: ['channel ops', 'channel mail', 'rule a'], changed: [], removed: [] });
    expect(live.files.map(({ state }) => state)).toEqual(['ok', 'ok']);
  });

  it.each([
    ['a file with a problem', { 'a.yaml': 'rulez: []\n', 'b.yaml': CHANNELS }, ['schema.unknown_key']],
    ['no file at all', {}, ['file.none']],
    [
      'a file that cannot be read, without problems for names that it may declare',
      { 'a.yaml': 'x: "\n', 'b.yaml': RULES },
      ['yaml.quote'],
    ],
  ])('is refused for %s', async (_what, files, expected) => {
    const folder = await temporaryFolder();
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    const prepared = await new Live(folder, { env: {}, tools, scrubber: new Scrubber() }).prepare();
    expect(prepared.kind).toBe('refused');
    expect(codes(prepared)).toEqual(expected);
  });
});

describe('a reload', () => {
  it('lists additions, changes and removals', async () => {
    const { live, write } = await started();
    await write(
      'channels.yaml',
      'channels:\n  ops: { type: sink, delivery: { paused: true } }\n  new: { type: sink }\n',
    );
    await write('rules.yaml', `daemon: {}\n${RULES.replace('a,', 'b,')}`);
    const prepared = ready(await live.prepare());
    expect(live.generation).toBe(1);
    expect(prepared.diff).toEqual({
      added: ['channel new', 'daemon', 'rule b'],
      changed: ['channel ops'],
      removed: ['channel mail', 'rule a'],
    });
    live.swap(prepared);
    expect(live.generation).toBe(2);
    expect([...live.ruleset.channels.keys()]).toEqual(['ops', 'new']);
  });

  it('changes nothing when only comments and the order of keys changed', async () => {
    const { live, write } = await started();
    const { ruleset } = live;
    await write('rules.yaml', '# new\nrules:\n  - { notify: ops, name: a }\n');
    expect((await live.prepare()).kind).toBe('unchanged');
    expect(live.ruleset).toBe(ruleset);
    expect(live.files.every(({ state }) => state === 'ok')).toBe(true);
  });

  it('keeps the last good version of a file that does not load and applies the others', async () => {
    const { live, write, states } = await started();
    await write('rules.yaml', 'rules:\n  - { name: a, notify: ops, dedup: 5m }\n');
    await write('more.yaml', 'rules:\n  - { name: m, notify: mail }\n');
    const prepared = ready(await live.prepare());
    expect(prepared.diff).toEqual({ added: ['rule m'], changed: [], removed: [] });
    expect(codes(prepared)).toEqual(['schema.unknown_key']);
    live.swap(prepared);
    expect(live.ruleset.rules.map(({ name }) => name)).toEqual(['m', 'a']);
    expect(states()).toEqual({ 'channels.yaml': 'ok', 'more.yaml': 'ok', 'rules.yaml': 'kept' });

    await write('rules.yaml', 'rules:\n  - { name: a, notify: ops, dedupe: 5m }\n');
    const mended = ready(await live.prepare());
    expect(mended).toMatchObject({ problems: [], diff: { changed: ['rule a'] } });
    live.swap(mended);
    expect(states()).toMatchObject({ 'rules.yaml': 'ok' });
  });

  it('is refused at every try while only a broken file is new, and shows the line', async () => {
    const { live, write, states } = await started();
    await write('rules.yaml', 'rules:\n  - { name: a, notfy: ops }\n');
    for (let round = 0; round < 2; round += 1) {
      const prepared = await live.prepare();
      expect(prepared.kind).toBe('refused');
      expect(live.excerpt(prepared.problems[0]!)).toEqual({ text: '  - { name: a, notfy: ops }', column: 16 });
    }
    expect(states()).toMatchObject({ 'rules.yaml': 'kept' });
  });

  it('is refused as a whole for an error across files', async () => {
    const { live, write, states } = await started();
    const { ruleset } = live;
    await write('channels.yaml', 'channels:\n  mail: { type: sink }\n');
    await write('more.yaml', 'rules:\n  - { name: m, notify: mail }\n');
    const prepared = await live.prepare();
    expect(prepared).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'rule.unknown_channel', line: 2, column: 24 }],
    });
    expect(live.ruleset).toBe(ruleset);
    expect(states()).toEqual({ 'channels.yaml': 'kept', 'more.yaml': 'kept', 'rules.yaml': 'ok' });
  });

  it('removes the rules of a deleted file', async () => {
    const { live, folder } = await started();
    await rm(path.join(folder, 'rules.yaml'));
    const prepared = ready(await live.prepare());
    expect(prepared.diff.removed).toEqual(['rule a']);
    live.swap(prepared);
    expect(live.files).toHaveLength(1);
  });

  it('keeps everything while the directory is missing or empty', async () => {
    const { live, folder } = await started();
    await rm(path.join(folder, 'rules.yaml'));
    await rm(path.join(folder, 'channels.yaml'));
    expect(codes(await live.prepare())).toEqual(['file.none']);
    await rm(folder, { recursive: true });
    expect(codes(await live.prepare())).toEqual(['file.unreadable']);
    expect(live.ruleset.rules).toHaveLength(1);
    const found = live.files.map((file) => [path.relative(folder, file.path), file.state, file.problems.length]);
    expect(found).toEqual([
      ['channels.yaml', 'kept', 0],
      ['rules.yaml', 'kept', 0],
      ['', 'kept', 1],
    ]);
  });

  it('keeps the rules of a file that was emptied', async () => {
    const { live, write } = await started();
    await write('rules.yaml', '');
    expect(codes(await live.prepare())).toEqual(['file.empty']);
    expect(live.ruleset.rules).toHaveLength(1);
  });

  it('lists settings that need a restart while they differ, and applies the others', async () => {
    const { live, write } = await started({
      'a.yaml': `${CHANNELS}daemon: { listen: "127.0.0.1:1", limits: { body: 1MB } }\n`,
    });
    await write('a.yaml', `${CHANNELS}daemon: { listen: "127.0.0.1:2", limits: { body: 2MB } }\n`);
    const second = ready(await live.prepare());
    expect(second.restartNeeded).toEqual(['listen']);
    live.swap(second);
    expect(live.ruleset.daemon.limits.body).toBe(2_000_000);
    await write('a.yaml', `${CHANNELS}daemon: { listen: "127.0.0.1:2", limits: { body: 3MB } }\n`);
    const third = ready(await live.prepare());
    expect(third.restartNeeded).toEqual(['listen']);
    live.swap(third);
    await write('a.yaml', `${CHANNELS}daemon: { listen: "127.0.0.1:1" }\n`);
    expect(ready(await live.prepare()).restartNeeded).toEqual([]);
  });

  it('a change of the store or of the name of the instance needs a restart', async () => {
    const store = (url: string): string => `store: { type: postgres, url: "${url}" }`;
    const { live, write } = await started({
      'a.yaml': `${CHANNELS}daemon: { instance: a, ${store('postgres://db/belfry')} }\n`,
    });
    const changed = async (daemon: string): Promise<readonly string[]> => {
      await write('a.yaml', `${CHANNELS}daemon: { ${daemon} }\n`);
      return ready(await live.prepare()).restartNeeded;
    };
    expect(await changed(`instance: b, ${store('postgres://db/belfry')}`)).toEqual(['instance']);
    expect(await changed(`instance: a, ${store('postgres://other/belfry')}`)).toEqual(['store']);
    expect(await changed('instance: a, store: { type: sqlite }')).toEqual(['store']);
    expect(await changed(`instance: a, ${store('postgres://db/belfry')}, console: false`)).toEqual([]);
  });

  it('applies a changed secret file', async () => {
    const { live, write, folder } = await started({
      'a.yaml': "channels:\n  p: { type: pager, key: '${file:key}' }\n",
      key: 'one',
    });
    expect(live.namedFiles).toEqual([path.join(folder, 'key')]);
    await write('key', 'two');
    const prepared = ready(await live.prepare());
    expect(prepared.diff.changed).toEqual(['channel p']);
    expect((prepared.ruleset.channels.get('p')!.settings as { key: Secret }).key.reveal()).toBe('two');
  });

  it('does not compile an unchanged file again', async () => {
    const { live, write } = await started();
    const before = live.ruleset.rules[0];
    await write('more.yaml', 'rules:\n  - { name: m, notify: mail }\n');
    await write('rules.yaml', `${RULES}  - { name: b, notify: ops }\n`);
    const { rules } = ready(await live.prepare()).ruleset;
    expect(rules.map(({ name }) => name)).toEqual(['m', 'a', 'b']);
    expect(rules[1]).toBe(before);
  });

  it('that was prepared before another swap cannot be swapped in', async () => {
    const { live, write } = await started();
    await write('more.yaml', 'rules:\n  - { name: m, notify: mail }\n');
    const one = await live.prepare();
    const two = await live.prepare();
    live.swap(one);
    expect(() => live.swap(two)).toThrow('another reload went live');
  });
});
