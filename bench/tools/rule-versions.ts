import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { now, sleep } from './clock.ts';
import { post } from './connection.ts';
import { Daemon } from './daemon.ts';
import { eventText, FIRST_PROBE } from './events.ts';
import { ruleText, webhookChannel } from './rules.ts';
import type { Sink } from './sink.ts';

/** Rules files of equal size, in which each rule matches other events. All rules differ from version to version. */
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

/** Replaces the last file by its next version, as an editor does. Returns the milliseconds from the rename until it is in effect. */
export async function saveLastFile(daemon: Daemon, sink: Sink, set: RuleSet, version: number): Promise<number> {
  const file = set.files - 1;
  const written = path.join(daemon.folder, 'next.yaml');
  await writeFile(written, fileText(set, file, version));
  await rename(written, path.join(daemon.folder, 'rules', fileName(file)));
  return await untilInEffect(daemon, sink, set, version);
}

/** Sends events that only the last rule of a version matches, until the sink receives one. Returns the milliseconds that this took. */
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
