import { mkdir, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import path from 'node:path';
import { collectFacts } from '../../daemon/app/doctor/facts.ts';
import { Inbox } from '../../daemon/app/runtime/inbox.ts';
import { statePaths } from '../../daemon/app/state/paths.ts';
import { loadChannelTypes } from '../../daemon/channels/index.ts';
import { openResolver, type ResolverOptions } from '../../daemon/channels/kit/net/resolver.ts';
import { check as checkRules } from '../../daemon/cli/check-rules.ts';
import { registry } from '../../daemon/cli/registry.ts';
import type { DoctorCheckInfo, DoctorResult } from '../../daemon/core/problems/doctor.ts';
import type { CallerFacts, RunningFacts } from '../../daemon/doctor/check.ts';
import { CHECKS } from '../../daemon/doctor/checks/index.ts';
import type { StatusView } from '../../daemon/http/daemon-api.ts';
import { type Machine, openMachine } from '../../daemon/lib/machine/machine.ts';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { Live } from '../../daemon/reload/live.ts';
import { sha256 } from '../../daemon/lib/sha256.ts';
import { sourceTypes } from '../../daemon/sources/index.ts';
import type { DatabaseFacts } from '../../daemon/store/database-facts.ts';
import { memoryLog } from '../support/delivery.ts';

const channelTypes = await loadChannelTypes();

/** Installation that the doctor examines. Everything that is not set is sound. */
export interface Installation {
  /** YAML of the rules; `daemon:` is added with the state directory. */
  readonly rules?: string;
  /** Settings of `daemon:`, such as `listen: 0.0.0.0:0`. */
  readonly daemon?: string;
  readonly state?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the system, by path, with their content. */
  readonly system?: Readonly<Record<string, string>>;
  /** Programs on the PATH, by name, each as a shell script. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly resolver?: ResolverOptions;
  readonly machine?: Partial<Machine>;
  /** Called when the rules are loaded, for a fault that begins later. */
  readonly afterLoad?: () => Promise<void>;
  readonly running?: Partial<RunningFacts> & { readonly status?: Partial<StatusView> };
  readonly caller?: CallerFacts;
  /** Facts about a server of PostgreSQL that differ from those of a sound one; the store is on it. */
  readonly database?: Partial<DatabaseFacts> | { readonly unreachable: string };
}

const soundRules = (): string => `
channels: { spare: { type: log }, ops: { type: file, path: out/a.jsonl } }
rules:
  - ${ruleOfMend()}
`;

/** Rule in the mend of `rules.own-events`. */
function ruleOfMend(): string {
  const { mend } = CHECKS.find(({ name }) => name === 'rules.own-events')!;
  return /`(\{.*\})`/.exec(mend)![1]!.replace('CHANNEL', '[spare, ops]');
}

const SOUND_SYSTEM: Readonly<Record<string, string>> = {
  '/proc/sys/fs/inotify/max_user_watches': '100000\n',
  '/proc/sys/fs/inotify/max_user_instances': '1024\n',
  '/proc/self/limits': 'Max open files            8192                 8192                 files\n',
  '/proc/meminfo': 'MemAvailable:    4000000 kB\n',
  '/proc/version': 'Linux version 6.1\n',
  '/etc/group': 'root:x:0:\noperators:x:4242:\n',
  '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
};

const STATUS: StatusView = {
  version: '1.0.0',
  pid: process.pid,
  config: '/rules',
  state: '/state',
  started_at: '2026-11-23T09:00:00.000Z',
  generation: 1,
  ready: true,
  reasons: [],
  files: [],
  sources: [],
  channels: [],
  deliveries: { pending: 0, sending: 0, held: 0, delivered: 0, dead: 0 },
  alerts: { firing: 0, acknowledged: 0 },
  silences: { active: 0, list: [] },
  waiting: { for: 0, hours: 0, digest: 0, threshold: 0, list: [] },
  instances: [],
  warnings: [],
};

const SOUND_DATABASE: DatabaseFacts = {
  version: '15.14',
  major: 15,
  encoding: 'UTF8',
  isStandby: false,
  user: 'belfry',
  missingPrivileges: [],
  instances: 3,
  isNotified: true,
  clockAhead: 12,
  maxConnections: 97,
  settings: {
    autovacuum: 'on',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    synchronous_standby_names: '',
  },
  standbys: { all: 0, synchronous: 0 },
  held: [],
  seesOthers: true,
};

export const serverSettings = (changes: Partial<DatabaseFacts['settings']>): Pick<DatabaseFacts, 'settings'> => ({
  settings: { ...SOUND_DATABASE.settings, ...changes },
});

export const runningDaemon = (changes: Partial<StatusView> = {}): StatusView => ({ ...STATUS, ...changes });

/** All checks: those of the list, and those of the channel types. */
export const allChecks: readonly DoctorCheckInfo[] = [
  ...CHECKS,
  ...channelTypes.flatMap(({ doctorChecks = [] }) => doctorChecks),
];

/** Runs one check on an installation in a folder. Results of channels are those of all channels together. */
export async function examineWith(
  name: string,
  folder: string,
  installation: Installation,
): Promise<readonly DoctorResult[]> {
  return (await examineAll([name], folder, installation)).get(name)!;
}

/** Runs checks on one installation; returns their results by name. */
export async function examineAll(
  names: readonly string[],
  folder: string,
  installation: Installation,
): Promise<ReadonlyMap<string, readonly DoctorResult[]>> {
  const { examined, machine } = await installed(folder, installation);
  const results = new Map<string, readonly DoctorResult[]>();
  for (const name of names) {
    const check = CHECKS.find((one) => one.name === name);
    const ofChannels = examined.channels.flatMap(({ checks, settings }) =>
      checks.filter((one) => one.name === name).map(async (one) => await one.run(settings, machine)),
    );
    results.set(
      name,
      check === undefined ? (await Promise.all(ofChannels)).flat() : await check.run(examined, machine),
    );
  }
  return results;
}

async function installed(folder: string, installation: Installation) {
  const { rules = soundRules(), daemon = '', running, caller, database } = installation;
  const state = installation.state ?? path.join(folder, 'state');
  if (installation.state === undefined) await mkdir(state, { recursive: true, mode: 0o700 });
  const config = path.join(folder, 'rules');
  await mkdir(config, { recursive: true });
  const store = database === undefined ? '' : 'store: { type: postgres, url: "postgres://belfry@db.internal/belfry" }';
  const settings = [`state: ${state}`, store, ...(daemon.includes('listen:') ? [] : ['listen: 127.0.0.1:0']), daemon];
  const yaml = `daemon: { ${settings.filter((one) => one !== '').join(', ')} }\n${rules}`;
  await writeFile(path.join(config, 'rules.yaml'), yaml, { mode: 0o600 });
  const env = await environmentOf(folder, installation);
  const resolver = openResolver({ ...installation.resolver, hostsFile: devNull });
  const root = await systemOf(folder, installation.system ?? {});
  const machine: Machine = {
    ...openMachine({ env, clock: systemClock, lookup: resolver.lookup, root }),
    ...installation.machine,
  };
  const tools = { channels: channelTypes, sources: sourceTypes, fingerprint: sha256, tokenHash: sha256 };
  const prepared = await new Live(config, { env, tools, scrubber: { add: () => undefined } }).prepare();
  const ruleset = prepared.kind === 'ready' ? prepared.ruleset : undefined;
  await installation.afterLoad?.();
  const paths = statePaths({ state }, env, folder);
  const inbox = new Inbox(paths.inbox, memoryLog().log);
  const facts = await collectFacts({
    config,
    machine,
    paths,
    ruleset,
    check: () => checkRules({ paths: [config], env, cwd: '/', registry }),
    inboxFaults: () => inbox.check(),
  });
  const runningFacts: RunningFacts | undefined = running && {
    isApplied: true,
    history: { matched: new Set(), since: Date.now() },
    seen: new Map(),
    ...running,
    status: runningDaemon(running.status),
  };
  const examined = {
    ...facts,
    ...(runningFacts && { running: runningFacts }),
    ...(caller && { caller }),
    ...(database && {
      database: () => Promise.resolve('unreachable' in database ? database : { ...SOUND_DATABASE, ...database }),
    }),
  };
  return { examined, machine };
}

async function environmentOf(folder: string, { env = {}, programs }: Installation): Promise<Record<string, string>> {
  const bin = path.join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  for (const [name, script] of Object.entries(programs ?? {}))
    await writeFile(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { HOME: folder, RUNTIME_DIRECTORY: path.join(folder, 'run'), PATH: `${bin}:/usr/bin:/bin`, ...env };
}

async function systemOf(folder: string, changes: Readonly<Record<string, string>>): Promise<string> {
  const root = path.join(folder, 'root');
  for (const [file, text] of Object.entries({ ...SOUND_SYSTEM, ...changes })) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  }
  return root;
}
