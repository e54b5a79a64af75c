import { kill } from 'node:process';
import path from 'node:path';
import { typeOfChannel } from '../../channels/index.ts';
import type { ChannelConfig, Ruleset, SourceConfig } from '../../core/ruleset.ts';
import type { CheckView } from '../../http/daemon-api.ts';
import type { Examined, ExaminedChannel, ExaminedSource, FoundDaemon } from '../../doctor/check.ts';
import { Reachability } from '../../doctor/network/reach.ts';
import { listSystemFolder, type Machine, readSystemFile, readSystemLink } from '../../lib/machine/machine.ts';
import { sourceTypes } from '../../sources/index.ts';
import { DATABASE_FILE } from '../../store/sqlite/disk/files.ts';
import { knownMalformation } from '../../store/sqlite/disk/malformed.ts';
import { refusedVariables, warnedVariables } from '../environment.ts';
import { checkState } from '../state/check-state.ts';
import { isSamePlace, readRecords, runtimeFolders } from '../state/daemon-record.ts';
import { configPath, instanceName, type StatePaths } from '../state/paths.ts';
import { examinedDatabase } from './database.ts';
import { withProxies } from './proxies.ts';
import { secretsIn } from './secrets.ts';

export interface FactsOptions {
  /** Rules directory or file. */
  readonly config: string;
  readonly machine: Machine;
  readonly paths: StatePaths;
  readonly check: () => Promise<CheckView>;
  readonly ruleset: Ruleset | undefined;
  readonly inboxFaults: () => Promise<readonly string[]>;
}

/** Collects the facts that are examined in the daemon and in a command alike. */
export async function collectFacts(options: FactsOptions): Promise<Examined> {
  const { config, machine, paths, ruleset } = options;
  const { problems } = await options.check();
  const reachability = new Reachability(machine);
  const stateFault = await checkState(paths).then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  const storeFault = stateFault === undefined ? knownMalformation(path.join(paths.state, DATABASE_FILE)) : undefined;
  return {
    config,
    ...(await secretsIn(config, machine.env)),
    problems,
    ...(ruleset !== undefined && { ruleset }),
    channels: [...(ruleset?.channels.values() ?? [])].map((config) => examinedChannel(config, machine)),
    sources: ownSources(ruleset, machine).map(examinedSource),
    state: paths,
    ...(stateFault !== undefined && { stateFault }),
    ...(storeFault !== undefined && { storeFault }),
    inboxFaults: await options.inboxFaults(),
    environment: { refused: refusedVariables(machine.env), warned: warnedVariables(machine.env) },
    daemons: await findDaemons(config, paths, machine),
    runtimeFolders: runtimeFolders(machine.env),
    reach: (endpoint) => reachability.of(endpoint),
    ...(ruleset?.daemon.store.type === 'postgres' && {
      database: examinedDatabase(ruleset.daemon.store, machine.clock),
    }),
  };
}

function examinedChannel(config: ChannelConfig, { env }: Machine): ExaminedChannel {
  const { name, type: typeName, settings } = config;
  const type = typeOfChannel(config);
  const uses = withProxies(type.uses?.(settings) ?? {}, config, env);
  return { name, type: typeName, settings, uses, checks: type.doctorChecks ?? [] };
}

/** Sources that this instance runs. */
function ownSources(ruleset: Ruleset | undefined, { hostname }: Machine): readonly SourceConfig[] {
  const own = instanceName(ruleset?.daemon, { hostname });
  return [...(ruleset?.sources.values() ?? [])].filter(({ instance = own }) => instance === own);
}

function examinedSource({ name, type: typeName, settings }: SourceConfig): ExaminedSource {
  const type = sourceTypes.find((candidate) => candidate.type === typeName)!;
  return { name, type: typeName, uses: type.uses?.(settings, name) ?? {} };
}

/** Running daemons on these rules: from the records, and from the list of processes, because a record is overwritten by the next daemon. */
async function findDaemons(config: string, paths: StatePaths, machine: Machine): Promise<readonly FoundDaemon[]> {
  const folders = [...runtimeFolders(machine.env), paths.state];
  const records = (await Promise.all(folders.map(readRecords))).flatMap((found) => [...found]);
  const recorded = records.map(([from, { pid, config: rules, socket }]) => ({ pid, config: rules, socket, from }));
  const all = [...(await processes(machine)), ...recorded.filter(({ pid }) => isAlive(pid))];
  const same = await Promise.all(
    all.map(async (found) => ((await isSamePlace(found.config, config)) ? [{ ...found, config }] : [])),
  );
  return same.flat();
}

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Processes `belfry run`, as far as this user may see their arguments. */
async function processes(machine: Machine): Promise<readonly FoundDaemon[]> {
  const found: FoundDaemon[] = [];
  for (const name of (await listSystemFolder(machine, '/proc')).filter((one) => /^\d+$/.test(one))) {
    const args = ((await readSystemFile(machine, `/proc/${name}/cmdline`)) ?? '').split('\0');
    const verb = args.findIndex((arg) => /(?:^|\/)belfry(?:\.js)?$/.test(arg)) + 1;
    // The process of `sudo belfry run` is the parent of the daemon.
    const isProgram = /(?:^|\/)(?:node\w*|belfry)$/.test(args[0] ?? '');
    if (!isProgram || verb === 0 || args[verb] !== 'run' || !(await isHere(name, machine))) continue;
    const given = args[args.indexOf('--config') + 1];
    const cwd = (await readSystemLink(machine, `/proc/${name}/cwd`)) ?? '/';
    const config = configPath(args.includes('--config') ? given : undefined, {}, cwd, () => true);
    found.push({ pid: Number(name), config, from: 'process' });
  }
  return found;
}

/** Whether a process is in the same container as this one (PID namespace). True if this is not known. */
async function isHere(pid: string, machine: Machine): Promise<boolean> {
  const [own, other] = await Promise.all(['self', pid].map((of) => readSystemLink(machine, `/proc/${of}/ns/pid`)));
  return own === undefined || other === undefined || own === other;
}
