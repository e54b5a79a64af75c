import { inspect } from 'node:util';
import { channelTypes } from '../channels/index.ts';
import { openHttpClient } from '../channels/kit/http/client.ts';
import type { Notifier, PushGateway } from '../channels/channel.ts';
import { BelfryError, EXIT, type Problem } from '../core/problems/failure.ts';
import type { ChannelConfig, Ruleset } from '../core/ruleset.ts';
import { type DeadLetters, openDeadLetters } from '../delivery/dead-letters/dead-letters.ts';
import { checkSocketPath } from '../http/socket-file.ts';
import type { Clock } from '../lib/time/clock.ts';
import { Closers } from '../lib/async/closers.ts';
import { type Log, openLog } from '../lib/log.ts';
import { Scrubber } from '../lib/secrets/scrubber.ts';
import type { Terminal } from '../lib/terminal.ts';
import { Live, type Prepared } from '../reload/live.ts';
import type { EarlierText } from '../reload/load.ts';
import { testRuleset } from '../simulation/run-tests.ts';
import { readPlaces } from '../reload/daemon-settings.ts';
import { sourceTypes } from '../sources/index.ts';
import { openStore } from '../store/sqlite/sqlite.ts';
import type { Store } from '../store/store.ts';
import { environmentWarnings, refuseUnsafeEnvironment } from './environment.ts';
import { Inbox } from './runtime/inbox.ts';
import { type StatePaths, statePaths } from './paths.ts';
import { fingerprintKey, sha256 } from './secrets-at-rest.ts';
import { asUnusable, checkState } from './check-state.ts';

export interface FoundationOptions {
  /** The rules: a directory or a file. */
  readonly config: string;
  readonly terminal: Terminal;
  readonly version: string;
  readonly clock: Clock;
}

/** The rules do not load; nothing was touched. `belfry check` prints the same problems with their excerpts. */
export class InvalidRules extends BelfryError {
  readonly problems: readonly Problem[];

  constructor(config: string, problems: readonly Problem[]) {
    super(
      'rules.invalid',
      `the rules at ${config} do not load (${problems.length === 1 ? '1 problem' : `${problems.length} problems`}); nothing was touched`,
      {
        exit: EXIT.config,
      },
    );
    this.problems = problems;
  }
}

/** What a running daemon and a command on a stopped one both stand on: rules that load, the state, the dead letters. */
export interface Foundation {
  readonly closers: Closers;
  readonly scrubber: Scrubber;
  readonly log: Log;
  readonly paths: StatePaths;
  readonly live: Live;
  readonly prepared: Extract<Prepared, { kind: 'ready' }>;
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly inbox: Inbox;
}

/** `quiet`: log no more than that, for commands. Rejects with `InvalidRules`, with `state.unusable` (78), or with what the store says (`store.locked`: exit 75). Rules first: bad ones must touch no state. */
export async function openFoundation(options: FoundationOptions, quiet?: 'error'): Promise<Foundation> {
  const { terminal, config } = options;
  refuseUnsafeEnvironment(terminal.env);
  const { places, texts } = await readPlaces(config, terminal.env);
  const paths = statePaths(places, terminal.env, terminal.cwd);
  const closers = new Closers();
  const scrubber = new Scrubber();
  closers.own(
    'crash report',
    terminal.onCrash((error) => scrubber.scrub(inspect(error))),
  );
  try {
    return await openOn(paths, { options, texts, scrubber, closers, quiet });
  } catch (error) {
    await closers.close();
    throw scrubber.scrubError(asUnusable(error, paths));
  }
}

interface Opening {
  readonly options: FoundationOptions;
  readonly texts: ReadonlyMap<string, EarlierText>;
  readonly scrubber: Scrubber;
  readonly closers: Closers;
  readonly quiet: 'error' | undefined;
}

async function openOn(paths: StatePaths, { options, texts, scrubber, closers, quiet }: Opening): Promise<Foundation> {
  const { terminal, config } = options;
  const key = await fingerprintKey(paths);
  const tools = { channels: channelTypes, sources: sourceTypes, fingerprint: key.hash, tokenHash: sha256 };
  const live = new Live(config, { env: terminal.env, tools, scrubber }, texts);
  const prepared = await live.prepare();
  if (prepared.kind !== 'ready') throw new InvalidRules(config, prepared.problems);
  refuseIfMoved(paths, statePaths(prepared.ruleset.daemon, terminal.env, terminal.cwd));
  const log = openLog({ ...prepared.ruleset.daemon.log, ...(quiet && { level: quiet }) }, scrubber, terminal.stdout);
  for (const warning of environmentWarnings(terminal.env)) log.warn(warning);
  // A command that looks at what is stored makes no rules live.
  const failing = quiet === undefined ? await testsOf({ live, log, scrubber })(prepared.ruleset) : [];
  if (failing.length > 0) throw new InvalidRules(config, failing);
  await checkState(paths);
  if (quiet === undefined) await checkSocketPath(paths.socket, paths.state);
  const store = await openStore({ path: paths.state });
  closers.own('store', () => store.close());
  await key.keep();
  const deadLetters = await openDeadLetters({ path: paths.deadLetters, scrubber, log });
  closers.own('dead letters', () => deadLetters.close());
  const inbox = new Inbox(paths.inbox, log);
  return { closers, scrubber, log, paths, live, prepared, store, deadLetters, inbox };
}

/** The rules were read twice: the key to their fingerprints lies in the state directory that they name. */
function refuseIfMoved(before: StatePaths, now: StatePaths): void {
  if (before.state === now.state && before.socket === now.socket) return;
  throw new BelfryError('rules.edited', 'the rules were edited while they were read; start again');
}

/** Runs the tests of the rules directory against rules that may go live, if they ask for it; returns what fails. */
export function testsOf({
  live,
  log,
  scrubber,
}: Pick<Foundation, 'live' | 'log' | 'scrubber'>): (ruleset: Ruleset) => Promise<readonly Problem[]> {
  return async (ruleset) =>
    ruleset.daemon.reload.requireTests ? testRuleset(live.root, ruleset, { sourceTypes, log, scrubber }) : [];
}

/** Opens the notifier of a channel, with tools of its own: one HTTP client and resolver per channel. */
export function channelOpener(
  foundation: Pick<Foundation, 'log'>,
  options: FoundationOptions,
  push: PushGateway,
): (config: ChannelConfig) => Notifier {
  const { terminal, clock } = options;
  return (config) => {
    const type = channelTypes.find((candidate) => candidate.type === config.type)!;
    const http = openHttpClient();
    const log = foundation.log.child({ channel: config.name });
    const notifier = type.open(config.settings, {
      name: config.name,
      http,
      clock,
      log,
      push,
      hostname: terminal.hostname,
      env: terminal.env,
    });
    return {
      send: (message, io) => notifier.send(message, io),
      async close() {
        await notifier.close?.();
        await http.close();
      },
    };
  };
}
