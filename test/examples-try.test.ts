import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { Type } from 'typebox';
import { channelTypes } from '../daemon/channels/index.ts';
import { sourceTypes } from '../daemon/sources/index.ts';
import { defineSource } from '../daemon/sources/source.ts';
import { link } from '../daemon/core/link.ts';
import { loadFile } from '../daemon/reload/load.ts';
import { Scrubber } from '../daemon/lib/scrubber.ts';
import { readTestFile } from '../daemon/rehearsal/test-file.ts';
import { runStory } from '../daemon/rehearsal/run-story.ts';

const lines: any = defineSource({ type: 'lines', summary: 's', settings: Type.Object({}, { additionalProperties: true }), events: ['line'], start: async () => ({ stop: async () => {} }) } as any);
const types: any = sourceTypes.some((t) => t.type === 'lines') ? sourceTypes : [...sourceTypes, lines];
const root = path.resolve('examples');
const only = process.env.ONLY;
const log: any = new Proxy({}, { get: () => () => undefined });
for (const name of readdirSync(root, { withFileTypes: true }).filter((d) => d.isDirectory()).map((d) => d.name)) {
  if (only && name !== only) continue;
  it(name, async () => {
    const text = readFileSync(path.join(root, name, 'rules.yaml'), 'utf8');
    const env = Object.fromEntries([...text.matchAll(/\$\{env:(\w+)/g)].map((m) => [m[1]!, m[1]!.endsWith('_URL') ? 'https://x.example.com' : 'SECx']));
    const tools: any = { channels: channelTypes, sources: types, fingerprint: (t: string) => t, tokenHash: (t: string) => t };
    const loaded = await loadFile(path.join(root, name, 'rules.yaml'), { env, cwd: root, scrubber: new Scrubber(), tools } as any);
    const linked = link([loaded.fragment], tools);
    expect([...loaded.fragment.problems, ...(linked.ok ? [] : linked.problems)]).toEqual([]);
    if (!linked.ok) return;
    const ruleset = linked.ruleset;
    const file = readTestFile('rules.test.yaml', readFileSync(path.join(root, name, 'rules.test.yaml'), 'utf8'), { ruleset, sourceTypes: types });
    const out: string[] = file.problems.map((p) => `${p.line}: ${p.message} ${p.mend}`);
    for (const story of file.stories) {
      const problems = await runStory('rules.test.yaml', story, { ruleset, sourceTypes: types.filter((t: any) => ['schedule', 'heartbeat'].includes(t.type)), log });
      out.push(...problems.map((p) => `${story.name}: ${p.line}: ${p.message}`));
    }
    if (out.length) console.log(name + '\n' + out.join('\n'));
    expect(out.length).toBe(0);
  });
}
