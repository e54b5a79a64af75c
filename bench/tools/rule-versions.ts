import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { now, sleep } from './clock.ts';
import { post } from './connection.ts';
import { Daemon } from './daemon.ts';
import { eventText, FIRST_PROBE } from './events.ts';
import { ruleText, webhookChannel } from './rules.ts';
import type { Sink } from './sink.ts';

/** Rules of which no two want the same events, in files of one size. Every rule is another one in another version. */
export interface RuleSet {
  readonly files: number;
  readonly rulesInFile: number;
}

const TIMEOUT_MS = 30_000;
const PROBES = 10_000;

const fileName = (file: number): string => `rules-${file}.yaml`;
const typeOf = (file: number, rule: number, version: number): string => `v${version}.t${file}-${rule}`;

function fileText({ rulesInFile }: RuleSet, file: number, version: number): string {
  const rules = Array.from({ length: rulesInFile }, (_, rule) =>
    ruleText(`r${file}-${rule}`, typeOf(file, rule, version), ['sink']),
  );
  return `rules:\n${rules.join('')}`;
}

export function startWith(set: RuleSet, sink: Sink): Promise<Daemon> {
  const files = Object.fromEntries(
    Array.from({ length: set.files }, (_, file) => [fileName(file), fileText(set, file, 0)]),
  );
  return Daemon.start({ files: { 'channels.yaml': `channels:\n${webhookChannel('sink', sink.url)}`, ...files } });
}

/** Puts the next version of the last file in place, as an editor does. Returns how long it took to be in effect since the file was renamed, in milliseconds. */
export async function saveLastFile(daemon: Daemon, sink: Sink, set: RuleSet, version: number): Promise<number> {
  const file = set.files - 1;
  const written = path.join(daemon.folder, 'next.yaml');
  await writeFile(written, fileText(set, file, version));
  await rename(written, path.join(daemon.folder, 'rules', fileName(file)));
  return await untilInEffect(daemon, sink, set, version);
}

/** Sends events that only the last rule of a version wants until the sink has one. Returns how long that took, in milliseconds. */
export async function untilInEffect(daemon: Daemon, sink: Sink, set: RuleSet, version: number): Promise<number> {
  const began = now();
  const type = typeOf(set.files - 1, set.rulesInFile - 1, version);
  const before = (version + 1) * PROBES;
  for (let probe = before + 1; now() - began < TIMEOUT_MS; probe += 1) {
    await post(daemon.port, daemon.requestOf(eventText(FIRST_PROBE + probe, type)));
    await sleep(2);
    if (sink.lastProbe > before) return now() - began;
  }
  throw new Error(`no rule of version ${version} ever matched`);
}
