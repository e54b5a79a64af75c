import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXIT } from '../../core/problems/failure.ts';
import { makeFolder } from '../../lib/files/make-folder.ts';
import { type Step, StepFailure } from '../plan.ts';
import { type Place } from './place.ts';
import { commandLine } from './unit.ts';

const CHECK_UNIT = 'belfry-check.service';

/** Settings that turn the unit of the daemon into one that checks the rules once. The name sorts behind those of administrators. */
const OVERRIDE = '~check.conf';

/**
 * Checks the rules as the daemon will read them: in a unit that is removed afterwards, with the user, the sandbox, the credentials and
 * the drop-ins of the service.
 */
export function rulesCheckStep(place: Place, unitText: string, command: readonly string[], config: string): Step {
  return {
    describe: `check the rules in ${config} with the user, the sandbox and the credentials of the service`,
    async do() {
      const folder = path.join(place.transient, `${CHECK_UNIT}.d`);
      const outputs = await mkdtemp(path.join(tmpdir(), 'belfry-check-'));
      const output = path.join(outputs, 'output');
      try {
        await makeFolder(folder, 0o755);
        await writeFile(path.join(place.transient, CHECK_UNIT), unitText);
        for (const name of await readdir(place.dropIns).catch(() => []))
          await symlink(path.join(place.dropIns, name), path.join(folder, name));
        await writeFile(path.join(folder, OVERRIDE), override(command, config, output));
        await place.control('daemon-reload');
        const { code } = await place.systemctl('start', CHECK_UNIT);
        if (code !== 0) throw new StepFailure(await reasonOf(place, output), EXIT.config);
      } finally {
        await rm(folder, { recursive: true, force: true });
        await rm(path.join(place.transient, CHECK_UNIT), { force: true });
        await rm(outputs, { recursive: true, force: true });
        await place.systemctl('reset-failed', CHECK_UNIT);
        await place.control('daemon-reload');
      }
    },
  };
}

/**
 * An empty assignment resets a list. A daemon that runs has the user and the credentials of before, so the check does not ask it and
 * leaves the folder of its socket alone. The working directory is that of the rules, so that problems name their files.
 */
function override(command: readonly string[], config: string, output: string): string {
  return `[Service]
Type=oneshot
WorkingDirectory=-${config.replaceAll('%', '%%')}
ExecStart=
ExecStart=${commandLine([...command, 'check', '--offline', '--config', config])}
ExecReload=
WatchdogSec=0
Restart=no
RuntimeDirectory=
StandardOutput=truncate:${output}
StandardError=append:${output}
`;
}

/** Output of the check; or, if the program could not even start, the messages of systemd. */
async function reasonOf(place: Place, output: string): Promise<string> {
  const text = (await readFile(output, 'utf8').catch(() => '')).trim();
  if (text !== '') return text;
  const { stdout } = await place.journalctl(`--unit=${CHECK_UNIT}`, '--lines=10', '--output=cat', '--no-pager');
  return stdout.trim() || `systemd could not run the check; see \`journalctl -u ${CHECK_UNIT}\``;
}
