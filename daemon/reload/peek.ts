import { parse } from 'yaml';
import { isObject } from '../core/json.ts';
import { listRulesFiles, readRulesFile } from './files.ts';

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
    const daemon = daemonBlock(read.text);
    if (daemon === undefined) continue;
    const place = (name: 'state' | 'socket'): PeekedSettings => {
      const value = daemon[name];
      return typeof value === 'string' ? { [name]: fromEnvironment(value, env) } : {};
    };
    return { ...place('state'), ...place('socket') };
  }
  return {};
}

function daemonBlock(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parse(text, { logLevel: 'silent', maxAliasCount: 1000 });
    return isObject(value) && isObject(value.daemon) ? value.daemon : undefined;
  } catch {
    return undefined;
  }
}

function fromEnvironment(value: string, env: Readonly<Record<string, string | undefined>>): string {
  return value.replace(
    /(?<!\$)\$\{env:([A-Za-z_]\w*)(?::-([^}]*))?\}/g,
    (_all, name: string, otherwise: string | undefined) => env[name] ?? otherwise ?? '',
  );
}
