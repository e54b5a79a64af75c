import { inspect } from 'node:util';
import { builtIn } from '../../channels/index.ts';
import { environmentSecrets } from '../../channels/kit/net/proxy.ts';
import { PluginHost } from '../../channels/plugins/host.ts';
import { BelfryError, EXIT, type Problem } from '../../core/problems/failure.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import type { DeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import { checkSocketPath, type SocketGroup } from '../../http/listener/socket-file.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Closers } from '../../lib/async/closers.ts';
import { type Log, openLog } from '../../lib/log.ts';
import { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Terminal } from '../../lib/terminal.ts';
import { Live, type Prepared } from '../../reload/live.ts';
import type { EarlierText } from '../../reload/load.ts';
import { testRuleset } from '../../simulation/run-tests.ts';
import { readDaemonSettings } from '../../reload/daemon-settings.ts';
import { sourceTypes } from '../../sources/index.ts';
import type { Store } from '../../store/store.ts';
import { type AuditLog, openAuditLog } from '../identity/audit/audit-log.ts';
import { type ButtonTokens, buttonTokens } from '../buttons/token.ts';
import { type SessionTokens, sessionTokens } from '../identity/session-token.ts';
import { environmentWarnings, refuseUnsafeEnvironment } from '../environment.ts';
import { Inbox } from '../runtime/inbox.ts';
import { KeptRules, readKeptRules } from './kept-rules.ts';
import { needsInstance } from './offline/needs-instance.ts';
import { openStoreOf, sharedKeyOf } from './open-store.ts';
import { type StatePaths, statePaths } from './paths.ts';
import { loadAtStart, stateAtStart } from './start-rules.ts';
import { sha256 } from '../../lib/sha256.ts';
import { type StateKey, stateKey } from './secrets-at-rest.ts';
import { socketGroupOf } from './socket-place.ts';
import { stateError, checkState } from './check-state.ts';

export interface OpenStateOptions {
  /** Path of the rules directory or file. */
  readonly config: string;
  readonly terminal: Terminal;
  readonly version: string;
  readonly clock: Clock;
  /** Whether only the rules on disk may be used, and not the kept ones. */
  readonly strict?: boolean;
}

/** Loaded rules and opened state: the base of a running daemon, and of a command while no daemon runs. */
export interface OpenState {
  readonly closers: Closers;
  readonly scrubber: Scrubber;
  readonly log: Log;
  readonly paths: StatePaths;
  readonly live: Live;
  readonly prepared: Extract<Prepared, { kind: 'ready' }>;
  /** Problems of rules on disk that are not in use since the start, and the time at which the rules in use were kept (RFC 3339). */
  readonly rejected: readonly Problem[];
  readonly keptAt?: string;
  readonly kept: KeptRules;
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly inbox: Inbox;
  /** Log of who did what. */
  readonly audit: AuditLog;
  /** Signs the tokens of the buttons of messages. */
  readonly tokens: ButtonTokens;
  /** Signs the tokens of the sessions of the web console. */
  readonly sessions: SessionTokens;
  /** Group that may use the socket; undefined for that of the process. */
  readonly socketGroup: SocketGroup | undefined;
}

/** A command logs only errors. It does not make rules live, so it does not run their tests. */
type Mode = 'daemon' | 'command';

/**
 * Loads the rules, then opens the state, so that invalid rules touch no state. A daemon uses the kept rules in place of invalid ones.
 * Rejects with `InvalidRules`, with `state.unusable` (exit 78), or with an error of the store (`store.locked`: exit 75).
 */
export async function openState(options: OpenStateOptions, mode: Mode = 'daemon'): Promise<OpenState> {
  const { terminal, config } = options;
  refuseUnsafeEnvironment(terminal.env);
  const read = await readDaemonSettings(config, terminal.env);
  const paths = await stateAtStart(config, read, terminal);
  const closers = new Closers();
  const scrubber = new Scrubber();
  for (const login of environmentSecrets(terminal.env)) scrubber.add(login);
  closers.own(
    'crash report',
    terminal.onCrash((error) => scrubber.scrub(inspect(error))),
  );
  try {
    return await openOn(paths, { options, texts: read.texts, scrubber, closers, mode });
  } catch (error) {
    await closers.close();
    throw scrubber.scrubError(stateError(error, paths));
  }
}

interface OpenDeps {
  readonly options: OpenStateOptions;
  readonly texts: ReadonlyMap<string, EarlierText>;
  readonly scrubber: Scrubber;
  readonly closers: Closers;
  readonly mode: Mode;
}

async function openOn(first: StatePaths, { options, texts, scrubber, closers, mode }: OpenDeps): Promise<OpenState> {
  const { terminal, config } = options;
  const key = await stateKey(first, await sharedKeyOf(options));
  const tools = { ...builtIn, sources: sourceTypes, fingerprint: key.hash, tokenHash: sha256 };
  let pluginLog: Log | undefined;
  const plugins = new PluginHost({
    clock: options.clock,
    log: {
      warn: (fields, text) => pluginLog?.warn(fields, text),
      error: (fields, text) => pluginLog?.error(fields, text),
    },
  });
  closers.own('plugins', () => plugins.close());
  const live = new Live(config, { env: terminal.env, tools, scrubber, plugins }, texts);
  const isDaemon = mode === 'daemon';
  const logOf = ({ daemon: { log } }: Ruleset): Log =>
    openLog(isDaemon ? log : { ...log, level: 'error' }, scrubber, terminal.stdout);
  const start = await loadAtStart({
    live,
    config,
    readKept: isDaemon && options.strict !== true ? () => readKeptRules(first.keptRules, config, key) : undefined,
    test: async (ruleset) => (isDaemon ? ruleTests({ live, log: logOf(ruleset), scrubber })(ruleset) : []),
  });
  const { prepared } = start;
  const paths = statePaths(prepared.ruleset.daemon, terminal.env, terminal.cwd);
  refuseIfMoved(first, paths, start.keptAt !== undefined);
  const log = logOf(prepared.ruleset);
  pluginLog = log;
  for (const warning of environmentWarnings(terminal.env)) log.warn(warning);
  await checkState(paths);
  if (isDaemon) await checkSocketPath(paths.socket, paths.state);
  const socketGroup = isDaemon ? await socketGroupOf(prepared.ruleset.daemon) : undefined;
  const settings = prepared.ruleset.daemon;
  if (!isDaemon && settings.store.type === 'postgres') throw needsInstance();
  const common = { paths, closers, scrubber, log, clock: options.clock, terminal, version: options.version };
  const { store, deadLetters } = await openStoreOf({ ...common, settings, live });
  await key.keep();
  const audit = openAuditLog({ state: paths.state, scrubber, clock: options.clock, log }, closers);
  const inbox = new Inbox(paths.inbox, log);
  const kept = keptRulesOf({ options, paths, store, log, key });
  closers.own('kept rules', () => kept.idle());
  const tokens = buttonTokens(key.derive('buttons'));
  const sessions = sessionTokens(key.derive('console sessions'));
  return {
    closers,
    scrubber,
    log,
    paths,
    live,
    ...start,
    kept,
    store,
    deadLetters,
    inbox,
    audit,
    tokens,
    sessions,
    socketGroup,
  };
}

function keptRulesOf({
  options: { config, clock, terminal },
  paths,
  store,
  log,
  key,
}: Pick<OpenState, 'paths' | 'store' | 'log'> & {
  readonly options: OpenStateOptions;
  readonly key: StateKey;
}): KeptRules {
  const standard = statePaths({}, terminal.env, terminal.cwd).keptRules;
  return new KeptRules({
    key,
    folder: paths.keptRules,
    config,
    ...(standard !== paths.keptRules && { outdated: standard }),
    now: () => new Date(clock.now()).toISOString(),
    refusing: () => store.refusing,
    log,
  });
}

/**
 * Rejects rules that were edited while they were read and name another state directory now: their first reading used the fingerprint
 * key of the first directory. Kept rules may name another socket, but belong to their directory.
 */
function refuseIfMoved(before: StatePaths, now: StatePaths, isKept: boolean): void {
  if (before.state === now.state && (isKept || before.socket === now.socket)) return;
  throw new BelfryError(
    'rules.edited',
    isKept
      ? `the rules do not load and name the state directory ${now.state}, but the last good rules are in ${before.state}; correct the rules (see belfry check)`
      : 'the rules were edited while they were read; start again',
    isKept ? { exit: EXIT.config } : {},
  );
}

/** Returns a function that runs the tests of the rules directory against new rules, if these require it, and returns the failures. */
export function ruleTests({
  live,
  log,
  scrubber,
}: Pick<OpenState, 'live' | 'log' | 'scrubber'>): (ruleset: Ruleset) => Promise<readonly Problem[]> {
  return async (ruleset) =>
    ruleset.daemon.reload.requireTests ? testRuleset(live.root, ruleset, { sourceTypes, log, scrubber }) : [];
}
