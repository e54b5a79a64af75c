import path from 'node:path';
import { isObject } from '../core/json.ts';
import { listRulesFiles, readRulesFile } from './files.ts';
import { parseFrame } from './parse-file.ts';
import { lookUpAll, type ReferenceScope, referencesIn, replaceReferences } from './references.ts';

/** What a command needs to find the daemon. */
export interface PeekedSettings {
  readonly state?: string;
  readonly socket?: string;
}

/**
 * The `daemon:` settings that say where the daemon is, without loading the rules: whoever asks for `belfry status` need not
 * have the secrets that the rules refer to. Files that do not parse are passed over; `belfry check` is there for them.
 */
export async function peekDaemonSettings(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<PeekedSettings> {
  const { files } = await listRulesFiles(root);
  for (const file of files) {
    const read = await readRulesFile(file);
    if (!read.ok || !/^daemon\s*:/m.test(read.text)) continue;
    const sections = await parseFrame(read.text);
    if (!isObject(sections) || !isObject(sections.daemon)) continue;
    const { state, socket } = sections.daemon;
    return await resolved({ state, socket }, { env, base: path.dirname(file) });
  }
  return {};
}

/** The texts among the settings with their references replaced; one whose reference leads nowhere is left out. */
async function resolved(settings: Readonly<Record<string, unknown>>, scope: ReferenceScope): Promise<PeekedSettings> {
  const found = await lookUpAll(referencesIn(settings), scope);
  const { data, issues } = replaceReferences(settings, found);
  const unresolved = new Set(issues.map(({ pointer }) => pointer.slice(1)));
  const texts = Object.entries(data as object).filter(
    ([name, value]) => typeof value === 'string' && !unresolved.has(name),
  );
  return Object.fromEntries(texts) as PeekedSettings;
}
