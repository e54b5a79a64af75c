import { existsSync } from 'node:fs';
import { Agent } from 'undici';
import {
  type DaemonRecord,
  hasRunOn,
  isSameConfig,
  readRecord,
  recordFiles,
  runtimeFolders,
  stateRecord,
} from '../../app/daemon-record.ts';
import { type Environment, type StatePaths, statePaths } from '../../app/paths.ts';
import { EXIT } from '../../core/problems/failure.ts';
import { isObject } from '../../core/values/json.ts';
import { type ReadPlaces, readPlaces } from '../../reload/daemon-settings.ts';
import { CommandError } from '../render/terminal.ts';

/** The rules whose daemon is looked for, and the place of the caller. */
export interface Search {
  /** The rules: a directory or a file. */
  readonly config: string;
  readonly env: Environment;
  readonly cwd: string;
}

/** A socket at which the daemon may listen; `from` is what says so. */
interface Candidate {
  readonly socket: string;
  readonly from: string;
}

/** Milliseconds that a daemon has to say who it is. */
const PATIENCE = 10_000;
const BUSY: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/**
 * The socket of the daemon that runs on these rules. What stands in a record may be out of date, so each daemon found is asked
 * itself. Rejects with exit 69 and all places that were tried.
 */
export async function locateDaemon(search: Search): Promise<string> {
  const tried: string[] = [];
  const asked = new Set<string>();
  for await (const candidate of candidates(search, tried)) {
    const { socket, from } = candidate;
    const why = asked.has(socket) ? undefined : await refusalOf(socket, search.config);
    if (why === undefined && !asked.has(socket)) return socket;
    if (why !== undefined) tried.push(`${from} leads to ${socket}: ${why}`);
    asked.add(socket);
  }
  throw new CommandError(
    EXIT.unreachable,
    `the daemon cannot be reached: none was found that runs on ${search.config} (see --config). Tried:\n${tried.map((line) => `  ${line}`).join('\n')}`,
  );
}

/** The records first, which need no rules; then what the rules say. What leads nowhere is noted in `tried`. */
async function* candidates(search: Search, tried: string[]): AsyncGenerator<Candidate> {
  const { config, env, cwd } = search;
  for (const folder of runtimeFolders(env)) yield* recorded(recordFiles(folder, config), config, tried);
  const { places, certain } = await readPlaces(config, env);
  const paths = statePaths(places, env, cwd);
  yield* recorded([stateRecord(paths)], config, tried);
  if (certain) yield { socket: paths.socket, from: config };
  else if (!existsSync(config)) tried.push(`${config}: there is no such file or directory`);
  else tried.push(`${config}: it does not load just now, so the place of its daemon is not known (see belfry check)`);
}

async function* recorded(files: readonly string[], config: string, tried: string[]): AsyncGenerator<Candidate> {
  for (const file of files) {
    const record = await readRecord(file);
    if (record === undefined) tried.push(`${file}: there is none`);
    else if (await isSameConfig(record.config, config)) yield { socket: record.socket, from: file };
    else tried.push(`${file}: it is of a daemon that runs on ${record.config}`);
  }
}

/** Why who listens there, if anybody does, is not the daemon on these rules; undefined when it is. */
async function refusalOf(socket: string, config: string): Promise<string | undefined> {
  const agent = new Agent({ connect: { socketPath: socket } });
  try {
    const { statusCode, body } = await agent.request({
      origin: 'http://localhost',
      path: '/v1/status',
      method: 'GET',
      headersTimeout: PATIENCE,
      bodyTimeout: PATIENCE,
    });
    const text = await body.text();
    if (statusCode !== 200) return `it answers ${statusCode}`;
    const status: unknown = JSON.parse(text);
    if (!isObject(status) || typeof status.config !== 'string')
      return 'what answers there is no daemon of this version';
    return (await isSameConfig(status.config, config)) ? undefined : `the daemon there runs on ${status.config}`;
  } catch (error) {
    // A daemon that is too busy to say who it is, where one on these rules is said to be, is taken for it: it is there.
    if (error instanceof Error && 'code' in error && BUSY.has(String(error.code))) return undefined;
    return unreachableText(error as NodeJS.ErrnoException);
  } finally {
    await agent.destroy();
  }
}

/** In the words of whoever looks for it. */
export function unreachableText(error: NodeJS.ErrnoException): string {
  const why: Readonly<Record<string, string>> = {
    ENOENT: 'there is no socket',
    ECONNREFUSED: 'nobody listens',
    UND_ERR_SOCKET: 'it ended the connection before its answer was complete',
    EAGAIN: 'it is there, but too many others wait for it: try again in a moment',
    EACCES: 'permission denied: run this as the user that runs the daemon, or join its group',
  };
  return why[error.code ?? ''] ?? error.message;
}

/** Why there is no inbox: no rules, rules that do not say where their state is just now, or rules that no daemon has run on. */
export type NoInbox = 'missing' | 'unsure' | 'never run';

/**
 * The state directory in whose inbox an event for the daemon on these rules may be left: one on which a daemon runs or has run
 * by these rules, and which the next one will use as far as can be told; or why there is none.
 */
export async function locateInbox(search: Search): Promise<StatePaths | NoInbox> {
  const { config, env } = search;
  const read = await readPlaces(config, env);
  for (const paths of await likelyStates(read, search)) if (await hasRunOn(paths, config)) return paths;
  if (!existsSync(config)) return 'missing';
  return read.certain ? 'never run' : 'unsure';
}

/** State directories in order of preference: that of the rules, those of records that daemons left, the default if the rules surely set none. */
async function likelyStates({ places, certain }: ReadPlaces, search: Search): Promise<StatePaths[]> {
  const { env, cwd } = search;
  const told = statePaths(places, env, cwd);
  if (places.state !== undefined) return [told];
  const records = await recordsOf(search);
  return [...records.map(({ state }) => statePaths({ state }, env, cwd)), ...(certain ? [told] : [])];
}

/** The state directory for whoever needs no daemon: as a record says, else as the rules do. */
export async function locateState(search: Search): Promise<StatePaths> {
  const { config, env, cwd } = search;
  const [record] = await recordsOf(search);
  return statePaths(record ?? (await readPlaces(config, env)).places, env, cwd);
}

/** Of daemons on these rules, in the runtime folders; they may be out of date. */
async function recordsOf({ config, env }: Search): Promise<DaemonRecord[]> {
  const files = runtimeFolders(env).flatMap((folder) => recordFiles(folder, config));
  const records: DaemonRecord[] = [];
  for (const file of files) {
    const record = await readRecord(file);
    if (record !== undefined && (await isSameConfig(record.config, config))) records.push(record);
  }
  return records;
}
