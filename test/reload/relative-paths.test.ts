import { mkdir, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadChannelTypes } from '../../daemon/channels/index.ts';
import type { TemplateVariables, Template } from '../../daemon/core/ruleset.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { Live, type Prepared } from '../../daemon/reload/live.ts';
import { sourceTypes } from '../../daemon/sources/index.ts';
import { tools } from '../support/rule-types.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const channelTypes = await loadChannelTypes();

type Ready = Extract<Prepared, { kind: 'ready' }>;

function openRules(root: string): Live {
  const all = { ...tools, channels: channelTypes, sources: sourceTypes };
  return new Live(root, { env: {}, tools: all, scrubber: new Scrubber() });
}

/** A rules directory with one file, two folders down. */
async function load(text: string): Promise<{ folder: string; file: string; live: Live; ready: Ready }> {
  const folder = path.join(await temporaryFolder(), 'a[b]', 'team');
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, 'rules.yaml');
  await writeFile(file, text);
  const live = openRules(path.dirname(folder));
  const prepared = await live.prepare();
  if (prepared.kind !== 'ready') throw new Error(JSON.stringify(prepared.problems));
  return { folder, file, live, ready: prepared };
}

const SCOPE = { event: {}, rule: 'r', data: { file: 'report.pdf', far: '/far/a.pdf' } } as unknown as TemplateVariables;
const text = (template: Template): string => template.render(SCOPE).text;
const settingsOf = ({ ruleset }: Ready, channel: string): Record<string, unknown> =>
  ruleset.channels.get(channel)!.settings as Record<string, unknown>;

test('every relative path in rules starts at the folder of the file that names it', async () => {
  const { folder, ready } = await load(`
daemon: { state: ../state, socket: run/b.sock }
sources:
  inbox: { type: files, paths: ["in/**", ../x/*.csv, "{a,b}/*", /abs/*, "~/d"], ignore: [build/*.o] }
  log: { type: lines, paths: app.log }
channels:
  out: { type: file, path: out/x.jsonl }
  made: { type: file, path: "{{ rule }}.log" }
  far: { type: file, path: /var/log/x }
  home: { type: file, path: ~/x.jsonl }
  run: { type: command, run: [bin/hook.sh, ./a/, ../b, c/d, "{{ data.file }}", -x], cwd: work }
  bare: { type: command, run: [python3, ./hook.py] }
  far-run: { type: command, run: [/bin/sh, -c, x] }
  screen: { type: desktop, sound: sounds/bell.ogg }
  named: { type: desktop, sound: message-new-instant }
rules:
  - name: r
    message: { attach: [report.pdf, "{{ data.file }}", "{{ data.far }}", "https://example.com/a.pdf"] }
    notify: [out]
`);
  const at = (...parts: string[]): string => path.join(folder, ...parts);
  const { daemon, sources, byName } = ready.ruleset;
  expect([daemon.state, daemon.socket]).toEqual([at('..', 'state'), at('run', 'b.sock')]);
  const glob = folder.replace('[b]', String.raw`\[b\]`);
  expect(sources.get('inbox')!.settings).toMatchObject({
    paths: [`${glob}/in/**`, `${glob}/../x/*.csv`, `${glob}/{a,b}/*`, '/abs/*', '~/d'],
    ignore: ['build/*.o'],
  });
  expect(sources.get('log')!.settings).toMatchObject({ paths: [`${glob}/app.log`] });
  expect(['out', 'made', 'far', 'home'].map((name) => text(settingsOf(ready, name).path as Template))).toEqual([
    at('out/x.jsonl'),
    at('r.log'),
    '/var/log/x',
    path.join(homedir(), 'x.jsonl'),
  ]);
  const argv = (name: string): string[] => (settingsOf(ready, name).run as Template[]).map(text);
  expect(argv('run')).toEqual([at('bin/hook.sh'), `${at('a')}/`, at('../b'), 'c/d', 'report.pdf', '-x']);
  expect(argv('bare')).toEqual(['python3', at('hook.py')]);
  expect(argv('far-run')).toEqual(['/bin/sh', '-c', 'x']);
  expect([settingsOf(ready, 'run').cwd, settingsOf(ready, 'bare').cwd]).toEqual([at('work'), folder]);
  expect([settingsOf(ready, 'screen').sound, settingsOf(ready, 'named').sound]).toEqual([
    at('sounds/bell.ogg'),
    'message-new-instant',
  ]);
  expect(byName.get('r')!.message.attach!.map(text)).toEqual([
    at('report.pdf'),
    at('report.pdf'),
    '/far/a.pdf',
    'https://example.com/a.pdf',
  ]);
});

test('the text of an event never becomes the path of a program', async () => {
  const { ready } = await load(`
channels:
  run: { type: command, run: ["{{ data.file }}", "{{ data.far }}"] }
rules: [{ name: r, notify: run }]
`);
  expect((settingsOf(ready, 'run').run as Template[]).map(text)).toEqual(['report.pdf', '/far/a.pdf']);
});

test('after a file has moved, its relative paths start at the new folder, and only settings with such paths have changed', async () => {
  const { folder, file, live, ready } = await load(`
sources:
  inbox: { type: files, paths: in/* }
  far: { type: files, paths: /srv/* }
channels:
  out: { type: file, path: out.jsonl }
  log: { type: log }
rules:
  - { name: plain, notify: [out, log] }
  - { name: attached, message: { attach: a.pdf }, notify: [log] }
`);
  live.swap(ready);
  const moved = path.join(path.dirname(folder), 'rules.yaml');
  await rename(file, moved);
  const next = (await live.prepare()) as Ready;
  expect(next).toMatchObject({
    kind: 'ready',
    diff: { added: [], removed: [], changed: ['source inbox', 'channel out', 'rule attached'] },
  });
  expect(next.ruleset.channels.get('out')!.fingerprint).not.toBe(ready.ruleset.channels.get('out')!.fingerprint);
  expect(next.ruleset.channels.get('log')!.fingerprint).toBe(ready.ruleset.channels.get('log')!.fingerprint);
});
