import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Agent } from 'node:http';
import path from 'node:path';
import {
  isSamePlace,
  otherConfig,
  readRecord,
  recordFiles,
  runtimeFolders,
  stateRecord,
} from '../../app/state/daemon-record.ts';
import { type Environment, serviceStates, statePaths } from '../../app/state/paths.ts';
import { EXIT } from '../../core/problems/failure.ts';
import { isObject } from '../../core/values/json.ts';
import type { ReadDaemonSettings } from '../../reload/daemon-settings.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { CommandError } from '../render/terminal.ts';
import { IDLE_TIMEOUT, sendRequest, textOf } from './http-request.ts';

/** Rules whose daemon is searched, and the environment of the caller. */
export interface Search {
  /** The rules: a directory or a file. */
  readonly config: string;
  readonly env: Environment;
  readonly cwd: string;
  readonly clock: Clock;
  /** Milliseconds of `--timeout`. */
  readonly timeout?: number | undefined;
}

/** Socket at which the daemon may listen; `from` is the file that names it. */
interface Candidate {
  readonly socket: string;
  readonly from: string;
}

/** Start and end of the first line of an error of `locateDaemon`, and start of a reason in it. */
const UNREACHABLE = 'the daemon cannot be reached: ';
const ALSO = '. Also tried:';
const DENIED = 'permission denied';

const STATUS_TIMEOUT_MS = 10_000;

/**
 * The socket of the daemon that runs on these rules. A record may be out of date, so the rules of each daemon that is found are
 * requested and compared. Rejects with exit 69 and the list of candidates that were tried.
 */
export async function locateDaemon(search: Search, agent: Agent): Promise<string> {
  const tried: string[] = [];
  const asked = new Set<string>();
  let closed: string | undefined;
  for await (const candidate of candidates(search, tried)) {
    const { socket, from } = candidate;
    const why = asked.has(socket) ? undefined : await refusalOf(socket, search, { tried, agent });
    if (why === undefined && !asked.has(socket)) return socket;
    if (why?.startsWith(DENIED) === true) closed ??= `${from} names ${socket}: ${why}${ALSO}`;
    else if (why !== undefined) tried.push(`${from} names ${socket}: ${why}`);
    asked.add(socket);
  }
  // A socket that is closed to this user is the most likely cause, so it comes first.
  const cause = closed ?? `none was found that runs on ${search.config} (see --config). Tried:`;
  const list = tried.map((line) => `  ${line}`).join('\n');
  throw new CommandError(EXIT.unreachable, `${UNREACHABLE}${cause}\n${list}`);
}

/** Notice of the place that is closed to this user, from an error of `locateDaemon`; undefined if none is. */
export function deniedNotice({ message }: Error): string | undefined {
  const denied = message.split('\n').find((text) => text.includes(`${DENIED}: `));
  return denied && `no daemon was asked: ${denied.trim().replace(UNREACHABLE, '').replace(ALSO, '')}`;
}

/** Candidates from the records first, which need no rules, then from the rules. A source without a candidate is added to `tried`. */
async function* candidates(search: Search, tried: string[]): AsyncGenerator<Candidate> {
  const { config, env, cwd } = search;
  for (const folder of runtimeFolders(env)) yield* recorded(recordFiles(folder, config), search, tried);
  const { settings, certain } = await readSettingsOf(search);
  const paths = statePaths(settings, env, cwd);
  const services = settings.state === undefined ? serviceStates(env).filter((state) => existsSync(state)) : [];
  for (const state of new Set([paths.state, ...services])) yield* recorded([stateRecord({ state })], search, tried);
  if (certain) yield { socket: paths.socket, from: config };
  else if (!existsSync(config)) tried.push(`${config}: there is no such file or directory`);
  else tried.push(`${config}: it does not load now, so the socket of its daemon is not known (see belfry check)`);
}

async function* recorded(files: readonly string[], search: Search, tried: string[]): AsyncGenerator<Candidate> {
  const { config } = search;
  for (const file of files) {
    const record = await readRecord(file);
    if (record === undefined) tried.push(`${file}: ${await missingText(file, search, tried)}`);
    else if (await isSamePlace(record.config, config)) yield { socket: record.socket, from: file };
    else tried.push(`${file}: it is the record of a daemon that runs on ${record.config}`);
  }
}

/** Reason why there is no record of a daemon on the rules in a file. */
async function missingText(file: string, { config, env }: Search, tried: readonly string[]): Promise<string> {
  if (!(await isClosed(file))) return 'there is no such record';
  const other = await otherConfig(path.dirname(file), config, env);
  return other === undefined ? closedText(file, tried) : `a daemon that runs on ${other} uses this folder`;
}

/** Explains why a place is closed to this user; if `tried` has the same explanation, in two words. */
async function closedText(place: string, tried: readonly string[]): Promise<string> {
  const { deniedText } = await import('./denied.ts');
  const text = await deniedText(place);
  return tried.some((line) => line.endsWith(text)) ? 'permission denied' : text;
}

/** Whether this user may not read the file, or may not see whether it exists. */
async function isClosed(file: string): Promise<boolean> {
  return access(file, constants.R_OK).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'EACCES',
  );
}

/** The reason why no daemon on these rules listens there; undefined when one does. */
async function refusalOf(
  socket: string,
  { config, clock, timeout = STATUS_TIMEOUT_MS }: Search,
  { tried, agent }: { readonly tried: readonly string[]; readonly agent: Agent },
): Promise<string | undefined> {
  try {
    const answer = await sendRequest({
      to: { socketPath: socket },
      agent,
      method: 'GET',
      path: '/v1/status',
      idleMs: Math.min(timeout, STATUS_TIMEOUT_MS),
      clock,
    });
    const text = await textOf(answer);
    if (answer.statusCode !== 200) return `it answers ${answer.statusCode}`;
    const status: unknown = JSON.parse(text);
    if (!isObject(status) || typeof status.config !== 'string')
      return 'the program that listens there is not a daemon of this version';
    return (await isSamePlace(status.config, config)) ? undefined : `the daemon there runs on ${status.config}`;
  } catch (error) {
    // A daemon that is too busy to answer is assumed to be the one in the record.
    if (error instanceof Error && 'code' in error && error.code === IDLE_TIMEOUT) return undefined;
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return closedText(socket, tried);
    return unreachableText(error as NodeJS.ErrnoException);
  }
}

/** Explains a connection error to the user. */
export function unreachableText(error: NodeJS.ErrnoException): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no socket',
    ECONNREFUSED: 'no program listens there',
    ECONNRESET: 'it ended the connection before its answer was complete',
    EPIPE: 'it ended the connection before its answer was complete',
    EAGAIN: 'too many other clients wait for it; try again later',
    EACCES: 'permission denied: run this as the user that runs the daemon, or join its group',
  };
  return reasons[error.code ?? ''] ?? error.message;
}

/** Reads the rules only where the records do not suffice: the YAML parser takes time to load. */
export async function readSettingsOf({ config, env }: Pick<Search, 'config' | 'env'>): Promise<ReadDaemonSettings> {
  const { readDaemonSettings } = await import('../../reload/daemon-settings.ts');
  return readDaemonSettings(config, env);
}
