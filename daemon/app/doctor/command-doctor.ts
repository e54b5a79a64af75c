import { openResolver } from '../../channels/kit/net/resolver.ts';
import { builtIn } from '../../channels/index.ts';
import { PluginHost } from '../../channels/plugins/host.ts';
import type { DoctorFinding } from '../../core/problems/doctor.ts';
import type { CallerFacts } from '../../doctor/check.ts';
import { examine } from '../../doctor/examine.ts';
import type { CheckView } from '../../http/daemon-api.ts';
import { openLog } from '../../lib/log.ts';
import { openMachine } from '../../lib/machine/machine.ts';
import { Scrubber } from '../../lib/secrets/scrubber.ts';
import { sha256 } from '../../lib/sha256.ts';
import type { Terminal } from '../../lib/terminal.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Live } from '../../reload/live.ts';
import { sourceTypes } from '../../sources/index.ts';
import { Inbox } from '../runtime/inbox.ts';
import type { StatePaths } from '../state/paths.ts';
import { collectFacts } from './facts.ts';

export interface CommandDoctorOptions {
  /** Rules directory or file. */
  readonly config: string;
  /** State directory of the daemon on these rules. */
  readonly paths: StatePaths;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Checks the rules as this user, with the secrets of this environment. */
  readonly check: () => Promise<CheckView>;
  readonly caller: CallerFacts;
}

/** Doctor checks of the command line: all checks, or beside a running daemon only those of the caller. */
export async function commandDoctor(options: CommandDoctorOptions): Promise<readonly DoctorFinding[]> {
  const { config, paths, terminal, clock, check, caller } = options;
  const { env, stderr } = terminal;
  const { daemon } = caller;
  const isRunning = !('unreachable' in daemon);
  const scrubber = new Scrubber();
  const tools = { ...builtIn, sources: sourceTypes, fingerprint: sha256, tokenHash: sha256 };
  // The daemon has the secrets; this user may not.
  const prepared = await new Live(config, {
    env,
    tools,
    scrubber,
    withoutSecrets: isRunning,
    plugins: new PluginHost(),
  }).prepare();
  const inbox = new Inbox(paths.inbox, openLog({ level: 'error', format: 'text' }, scrubber, stderr));
  const resolver = openResolver();
  try {
    const machine = openMachine({ env, clock, lookup: resolver.lookup });
    const facts = await collectFacts({
      config,
      machine,
      paths,
      check,
      ruleset: prepared.kind === 'ready' ? prepared.ruleset : undefined,
      inboxFaults: () => inbox.check(),
    });
    const findings = await examine({ ...facts, caller }, machine, isRunning ? 'caller' : 'all');
    return scrubber.scrubJson(findings);
  } finally {
    resolver.close();
  }
}
