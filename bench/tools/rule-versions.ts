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

const PATIENCE_MS = 30_000;
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

/**
 * Puts the next version of the last file in place, as an editor does, and sends events that only its last rule wants until the
 * sink has one. Returns how long that took since the file was renamed, in milliseconds.
 */
export async function saveLastFile(daemon: Daemon, sink: Sink, set: RuleSet, version: number): Promise<number> {
  const file = set.files - 1;
  const type = typeOf(file, set.rulesInFile - 1, version);
  const written = path.join(daemon.folder, 'next.yaml');
  await writeFile(written, fileText(set, file, version));
  await rename(written, path.join(daemon.folder, 'rules', fileName(file)));
  const saved = now();
  const before = version * PROBES;
  for (let probe = before + 1; now() - saved < PATIENCE_MS; probe += 1) {
    await post(daemon.port, daemon.requestOf(eventText(FIRST_PROBE + probe, type)));
    await sleep(2);
    if (sink.lastProbe > before) return now() - saved;
  }
  throw new Error('the rule that was saved never matched');
}
