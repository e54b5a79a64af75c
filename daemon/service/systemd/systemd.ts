import { EXIT } from '../../core/problems/failure.ts';
import { exists, folderStep, isFree, removalStep, starterStep, textOf, writeStep } from '../files.ts';
import type { Host } from '../host.ts';
import type { InstallRequest, InstallTools, ServiceManager } from '../manager.ts';
import { checkObstacle, type Step, StepFailure } from '../plan.ts';
import { DEFAULT_ACCOUNT, findUser, hasGroup, ownerOf, userRemoval, userStep } from './account.ts';
import { type Place, systemPlace, UNIT, userPlace } from './place.ts';
import { rulesCheckStep } from './rules-check.ts';
import { enableStep, startStep } from './start.ts';
import { chosenBefore, isActive, isInstalled, type Properties, readProperties, readStatus } from './state.ts';
import { type Account, unitText } from './unit.ts';

/** Folders that `ProtectHome` hides from a system service. */
const HOMES = ['/home/', '/root/', '/run/user/'];

export function systemdService(host: Host, scope: 'system' | 'user'): ServiceManager {
  const place = scope === 'system' ? systemPlace(host) : userPlace(host);
  return {
    print: async (request) => textFor(request, place, await versionOf(host)),
    status: () => readStatus(place, host),
    install: (request, tools) => installation(request, tools, { host, place }),
    uninstall: (purge) => removal(purge, { host, place }),
    next: (config) => nextSteps(host, place, config),
  };
}

interface Parts {
  readonly host: Host;
  readonly place: Place;
}

/** Version of systemd; the oldest that is supported if none is installed. */
async function versionOf(host: Host): Promise<number> {
  const { stdout } = await host.run('systemctl', '--version');
  return Number(/^systemd (\d+)/.exec(stdout)?.[1] ?? 247);
}

function textFor(request: InstallRequest, place: Place, version: number): string {
  const { command, config = place.config } = request;
  return unitText({ command, config, version, ...(place.isSystem && { account: accountOf(request) }) });
}

function accountOf({ account = DEFAULT_ACCOUNT, socketGroup }: InstallRequest): Account {
  return { user: account, ...(socketGroup !== undefined && { socketGroup }) };
}

async function installation(asked: InstallRequest, tools: InstallTools, parts: Parts): Promise<readonly Step[]> {
  const { host, place } = parts;
  await checkObstacle(() => refuseUnlessPossible(asked, parts), tools.onObstacle);
  const before = await readProperties(place);
  const packaged = isInstalled(before) && before.FragmentPath !== place.unitFile;
  if (packaged) refuseChoices(asked, before);
  const request = withInstalled(asked, before, (isInstalled(before) && (await textOf(before.FragmentPath!))) || '');
  const { command, config = place.config } = request;
  const text = packaged ? ((await textOf(before.FragmentPath!)) ?? '') : textFor(request, place, await versionOf(host));
  const user = accountOf(request).user;
  const owner = place.isSystem ? () => ownerOf(host, user) : undefined;
  const steps: Step[] = [];
  if (place.isSystem && (await findUser(host, user)) === undefined) steps.push(userStep(host, user));
  if (await isFree(config)) steps.push(starterStep(config, tools.writeStarter, owner));
  for (const [folder, what] of [
    [place.state, 'state directory'],
    [place.cache, 'folder of compiled code'],
  ] as const)
    if (!(await exists(folder))) steps.push(folderStep(folder, what, owner));
  if (!packaged) steps.push(await unitStep(place, text, before));
  steps.push(
    rulesCheckStep(place, text, command, config),
    enableStep(place, before),
    startStep(place, before, config, tools),
  );
  return steps;
}

/** An update without options keeps what was chosen before. */
function withInstalled({ command, ...asked }: InstallRequest, before: Properties, unit: string): InstallRequest {
  const { config, account, socketGroup } = chosenBefore(before, unit);
  return {
    command,
    config: asked.config ?? config,
    account: asked.account ?? account,
    socketGroup: asked.socketGroup ?? socketGroup,
  };
}

/** The unit of a package is not replaced, so nothing of it can be chosen. */
function refuseChoices(
  { config, account, socketGroup }: InstallRequest,
  { FragmentPath, ExecStart, User }: Properties,
): void {
  const isSame = config === undefined || ExecStart?.includes(` --config ${config} ; `) === true;
  if (isSame && account === undefined && socketGroup === undefined) return;
  const setting =
    socketGroup === undefined ? '' : `, for this group: [Service] Group=${socketGroup} SupplementaryGroups=${User}`;
  throw new StepFailure(
    `the unit ${FragmentPath} comes from a package and is used as it is: change it by a drop-in (\`systemctl edit belfry\`), not by options${setting}`,
    EXIT.usage,
  );
}

/** Rejects with what the user can do about it. */
async function refuseUnlessPossible({ command, socketGroup }: InstallRequest, { host, place }: Parts): Promise<void> {
  if (!(await exists('/run/systemd/system')))
    throw new StepFailure(
      'systemd does not run on this machine (there is no /run/systemd/system). Let another supervisor run `belfry run --config DIR`; `belfry service print` shows the unit',
    );
  if (!place.isSystem) {
    const { code, stderr } = await place.systemctl('show-environment');
    if (code !== 0)
      throw new StepFailure(
        `the service manager of this user cannot be reached (${stderr.trim()}). Log in as this user, not by su or sudo, or start its manager: sudo loginctl enable-linger ${host.userName}`,
      );
    return;
  }
  if (host.uid !== 0)
    throw new StepFailure(
      'a service of the machine needs root: run it with sudo. `belfry service install --user` installs one for you alone',
    );
  const hidden = command.find((word) => HOMES.some((home) => word.startsWith(home)));
  if (hidden !== undefined)
    throw new StepFailure(
      `${hidden} is in a home directory, which the service may not read. Install Node and Belfry for all users, such as below /usr or /opt`,
    );
  if (socketGroup !== undefined && !(await hasGroup(host, socketGroup)))
    throw new StepFailure(`there is no group ${socketGroup}: create it with \`groupadd ${socketGroup}\``, EXIT.usage);
}

/** Writes the unit. Undone after an update, it starts the daemon with the earlier unit again. */
async function unitStep(place: Place, text: string, before: Properties): Promise<Step> {
  const old = await textOf(place.unitFile);
  const write = writeStep(place.unitFile, text, old, async () => {
    await place.control('daemon-reload');
  });
  return {
    ...write,
    async undo() {
      await write.undo!();
      if (isActive(before)) await place.control('start', UNIT);
    },
  };
}

async function removal(purge: boolean, { host, place }: Parts): Promise<readonly Step[] | undefined> {
  if (place.isSystem && host.uid !== 0)
    throw new StepFailure('the service of the machine can be removed by root only: run it with sudo');
  const before = await readProperties(place);
  if (purge && isInstalled(before) && before.FragmentPath !== place.unitFile)
    throw new StepFailure(
      `the unit ${before.FragmentPath} comes from a package, which removes its rules and state itself: \`apt purge belfry\``,
      EXIT.usage,
    );
  const steps: Step[] = [];
  if (isInstalled(before)) {
    steps.push(control(place, `stop and disable ${UNIT}`, 'disable', '--now', '--quiet', UNIT));
    if (before.FragmentPath === place.unitFile) {
      steps.push(removalStep(place.unitFile, 'unit'));
      steps.push(control(place, 'let systemd read its units again', 'daemon-reload'));
    }
  }
  if (purge) steps.push(...(await purgeSteps({ host, place }, before.User || DEFAULT_ACCOUNT)));
  return steps.length === 0 ? undefined : steps;
}

/** Removes what belongs to the service alone: rules in another place than the default one stay. */
async function purgeSteps({ host, place }: Parts, user: string): Promise<readonly Step[]> {
  const folders = [
    [place.state, 'state directory'],
    [place.cache, 'folder of compiled code'],
    [place.config, 'rules directory'],
    [place.dropIns, 'drop-ins of the unit'],
  ] as const;
  const steps: Step[] = [];
  for (const [folder, what] of folders) if (await exists(folder)) steps.push(removalStep(folder, what));
  return place.isSystem ? [...steps, ...(await userRemoval(host, user))] : steps;
}

function control(place: Place, describe: string, ...args: string[]): Step {
  return {
    describe,
    async do() {
      await place.control(...args);
    },
  };
}

function nextSteps({ userName }: Host, place: Place, config: string): readonly string[] {
  const user = place.isSystem ? '' : '--user ';
  const environment =
    config === '/etc/belfry' ? [] : [`commands find these rules by --config, or with: export BELFRY_CONFIG=${config}`];
  const linger = place.isSystem
    ? []
    : [`it runs while you are logged in; always, after: sudo loginctl enable-linger ${userName}`];
  return [...environment, ...linger, `its log: journalctl ${user}-u belfry -f`];
}
