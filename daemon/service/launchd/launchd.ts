import path from 'node:path';
import { exists, folderStep, isFree, type Owner, removalStep, starterStep, textOf, writeStep } from '../files.ts';
import { type Host, must } from '../host.ts';
import {
  type InstallRequest,
  type InstallTools,
  NOT_INSTALLED,
  type ServiceManager,
  type ServiceStatus,
} from '../manager.ts';
import { checkObstacle, type Step, StepFailure } from '../plan.ts';
import { findUser, userSteps } from './account.ts';
import { type JobSettings, jobText, LABEL } from './job.ts';

/** Paths of the parts of the service, and its place in launchd. */
interface Place extends Omit<JobSettings, 'command'> {
  readonly file: string;
  /** Domain of `launchctl`: `system`, or that of the graphical session of a user. */
  readonly domain: string;
}

const SYSTEM: Place = {
  file: `/Library/LaunchDaemons/${LABEL}.plist`,
  domain: 'system',
  config: '/etc/belfry',
  state: '/usr/local/var/belfry',
  runtime: '/usr/local/var/run/belfry',
  log: '/usr/local/var/log/belfry/belfry.log',
  account: '_belfry',
};

function agentPlace({ home, uid }: Host): Place {
  const state = path.join(home, '.local', 'state', 'belfry');
  return {
    file: path.join(home, 'Library', 'LaunchAgents', `${LABEL}.plist`),
    domain: `gui/${uid}`,
    config: path.join(home, '.config', 'belfry'),
    state,
    runtime: path.join(state, 'run'),
    log: path.join(home, 'Library', 'Logs', 'belfry', 'belfry.log'),
  };
}

/** A daemon of the machine, or an agent of one user, which has the desktop. */
export function launchdService(host: Host, scope: 'system' | 'user'): ServiceManager {
  const place = scope === 'system' ? SYSTEM : agentPlace(host);
  return {
    print: (request) => Promise.resolve(textFor(request, place)),
    status: () => readStatus(host, place),
    install: (request, tools) => installation(request, tools, host, place),
    uninstall: (purge) => removal(purge, host, place),
    next: (config) => [
      `commands find these rules by --config, or with: export BELFRY_CONFIG=${config}`,
      `its log: ${place.log}`,
    ],
  };
}

function textFor(request: InstallRequest, place: Place): string {
  const { state, runtime, log } = place;
  const { command, config = place.config, account = place.account } = request;
  return jobText({ command, config, state, runtime, log, ...(account !== undefined && { account }) });
}

const isLoaded = async (host: Host, { domain }: Place): Promise<boolean> =>
  (await host.run('launchctl', 'print', `${domain}/${LABEL}`)).code === 0;

function refuseUnlessRoot(host: Host, place: Place): void {
  if (place.account !== undefined && host.uid !== 0)
    throw new StepFailure(
      'a daemon of the machine needs root: run it with sudo. `belfry service install --user` installs an agent for you alone',
    );
}

async function installation(
  request: InstallRequest,
  tools: InstallTools,
  host: Host,
  place: Place,
): Promise<readonly Step[]> {
  await checkObstacle(() => refuseUnlessRoot(host, place), tools.onObstacle);
  const { command, config = place.config, account = place.account } = request;
  const owner = account === undefined ? undefined : () => ownerOf(host, account);
  const loaded = await isLoaded(host, place);
  const steps: Step[] = [];
  if (account !== undefined && (await findUser(host, account)) === undefined)
    steps.push(...(await userSteps(host, account, place.state)));
  if (await isFree(config)) steps.push(starterStep(config, tools.writeStarter, owner));
  for (const folder of [place.state, place.runtime, path.dirname(place.log)])
    if (!(await exists(folder))) steps.push(folderStep(folder, 'folder', owner));
  steps.push(checkStep(host, command, config, account));
  if (loaded) steps.push(bootoutStep(host, place));
  steps.push(writeStep(place.file, textFor(request, place), await textOf(place.file), () => Promise.resolve()));
  steps.push(...bootstrapSteps(host, place), readyStep(config, tools));
  return steps;
}

async function ownerOf(host: Host, account: string): Promise<Owner> {
  const found = await findUser(host, account);
  if (found === undefined) throw new StepFailure(`there is no user ${account}`);
  return found;
}

function checkStep(host: Host, command: readonly string[], config: string, account: string | undefined): Step {
  const check = [...command, 'check', '--config', config];
  const [program, ...args] = account === undefined ? check : ['sudo', '-u', account, ...check];
  return {
    describe: `check the rules in ${config}${account === undefined ? '' : ` as ${account}`}`,
    async do() {
      const { code, stdout, stderr } = await host.run(program!, ...args);
      if (code !== 0) throw new StepFailure(`${stdout}${stderr}`.trim(), code);
    },
  };
}

function bootoutStep(host: Host, place: Place): Step {
  return {
    describe: `stop the job that runs: launchctl bootout ${place.domain}/${LABEL}`,
    async do() {
      await must(host, 'launchctl', 'bootout', `${place.domain}/${LABEL}`);
    },
    async undo() {
      await must(host, 'launchctl', 'bootstrap', place.domain, place.file);
    },
  };
}

function bootstrapSteps(host: Host, { domain, file }: Place): readonly Step[] {
  const bootout = async (): Promise<void> => {
    await host.run('launchctl', 'bootout', `${domain}/${LABEL}`);
  };
  const commands: readonly (readonly [string[], Step['undo']])[] = [
    [['enable', `${domain}/${LABEL}`], undefined],
    [['bootstrap', domain, file], bootout],
    [['kickstart', `${domain}/${LABEL}`], undefined],
  ];
  return commands.map(([args, undo]) => ({
    describe: `launchctl ${args.join(' ')}`,
    async do() {
      await must(host, 'launchctl', ...args);
    },
    ...(undo !== undefined && { undo }),
  }));
}

function readyStep(config: string, tools: InstallTools): Step {
  return {
    describe: 'wait until the daemon is ready',
    async do() {
      const reason = await tools.notReady(config);
      if (reason !== undefined) throw new StepFailure(reason);
    },
  };
}

async function removal(purge: boolean, host: Host, place: Place): Promise<readonly Step[] | undefined> {
  if (place.account !== undefined && host.uid !== 0)
    throw new StepFailure('the daemon of the machine can be removed by root only: run it with sudo');
  const steps: Step[] = [];
  if (await isLoaded(host, place)) steps.push(bootoutStep(host, place));
  if (await exists(place.file)) steps.push(removalStep(place.file, 'job'));
  const own = [place.state, place.runtime, path.dirname(place.log), place.config];
  if (purge) for (const folder of own) if (await exists(folder)) steps.push(removalStep(folder, 'folder'));
  return steps.length === 0 ? undefined : steps;
}

async function readStatus(host: Host, place: Place): Promise<ServiceStatus> {
  const text = await textOf(place.file);
  if (text === undefined) return NOT_INSTALLED;
  const { stdout } = await host.run('launchctl', 'print', `${place.domain}/${LABEL}`);
  const { stdout: disabled } = await host.run('launchctl', 'print-disabled', place.domain);
  return {
    installed: true,
    enabled: !new RegExp(`"${LABEL}" => (?:disabled|true)`).test(disabled),
    active: /^\s*state = running$/m.test(stdout),
    unit: place.file,
    user: place.account ?? host.userName,
    config: /<string>--config<\/string>\s*<string>(.*?)<\/string>/.exec(text)?.[1] ?? place.config,
    state: place.state,
  };
}
