import { type Step, StepFailure } from '../plan.ts';
import type { InstallTools } from '../manager.ts';
import { type Place, UNIT } from './place.ts';
import { isActive, type Properties } from './state.ts';

/** Lines of the journal that a failure shows. */
const JOURNAL_LINES = 20;

/** Enables the service, so that it starts with the machine or the login of its user. */
export function enableStep(place: Place, before: Properties): Step {
  const wasEnabled = before.UnitFileState === 'enabled';
  return {
    describe: `enable ${UNIT}`,
    async do() {
      await place.control('enable', '--quiet', UNIT);
    },
    async undo() {
      if (!wasEnabled) await place.control('disable', '--quiet', UNIT);
    },
  };
}

/** Starts the daemon, or starts it again with the new unit. systemd waits until it has reported that it is ready. */
export function startStep(place: Place, before: Properties, config: string, tools: InstallTools): Step {
  const verb = isActive(before) ? 'restart' : 'start';
  return {
    describe: `${verb} ${UNIT} and wait until the daemon is ready`,
    async do() {
      const cursor = await journalEnd(place);
      const { code } = await place.systemctl(verb, UNIT);
      const reason = code === 0 ? await tools.notReady(config) : 'the daemon did not start';
      if (reason !== undefined)
        throw new StepFailure(`${reason}. The end of its log:\n${await journal(place, cursor)}`);
    },
    async undo() {
      // The step that wrote the unit starts the earlier daemon again, after it has restored the earlier unit.
      await place.systemctl('stop', UNIT);
      await place.systemctl('reset-failed', UNIT);
    },
  };
}

/** Options that select the lines of the journal after this moment. */
async function journalEnd(place: Place): Promise<readonly string[]> {
  const { stdout } = await place.journalctl('--lines=1', '--output=cat', '--show-cursor', '--no-pager');
  const cursor = /^-- cursor: (.+)$/m.exec(stdout)?.[1];
  return cursor === undefined ? [] : [`--after-cursor=${cursor}`];
}

async function journal(place: Place, since: readonly string[]): Promise<string> {
  const lines = `--lines=${JOURNAL_LINES}`;
  const { stdout } = await place.journalctl(`--unit=${UNIT}`, ...since, lines, '--output=cat', '--no-pager');
  return stdout.trim().replace(/^/gm, '  ');
}
