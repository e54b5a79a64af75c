import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { EXIT, type LeveledProblem } from '../../core/problems/failure.ts';
import type { Excerpt } from '../../core/problems/problem-text.ts';
import type { StatusView } from '../../http/daemon-api.ts';
import { shownPath } from '../../lib/files/shown-path.ts';
import type { Checked } from '../check-rules.ts';
import { CommandError, type CommonOptions, type Terminal } from '../render/terminal.ts';
import type { DaemonAccess } from './access.ts';
import { deniedNotice } from './locate.ts';

/** Answer of `POST /v1/check` with `excerpts`. */
interface CheckAnswer {
  readonly valid: boolean;
  readonly files: number;
  readonly rules: number;
  readonly problems: readonly (LeveledProblem & { readonly excerpt?: Excerpt })[];
}

export interface DaemonCheckDeps {
  readonly access: DaemonAccess;
  readonly terminal: Pick<Terminal, 'cwd' | 'stderr'>;
}

/** Result of the check by a daemon; `by` names the daemon. */
export type DaemonChecked = Checked & { readonly by: string };

/**
 * Lets the daemon on the rules check them, with its own secrets. Resolves to undefined if no daemon answers, or if a path is not
 * part of the rules of one. With `--url` the daemon there checks its own rules.
 */
export async function checkByDaemon(
  { access, terminal }: DaemonCheckDeps,
  given: readonly string[],
  options: CommonOptions,
): Promise<DaemonChecked | undefined> {
  if (options.url !== undefined && given.length > 0)
    throw new CommandError(
      EXIT.usage,
      '--url checks the rules of the daemon there, and a path is one of this machine: leave one of them out',
    );
  const paths = given.map((file) => path.resolve(terminal.cwd, file));
  const config = await configOf(paths, access.config(options), options);
  if (config === undefined) return undefined;
  const client = await access.runningClient({ ...options, config }, (error) => noteDenied(error, terminal));
  if (client === undefined) return undefined;
  const { pid, config: root } = await client.call<StatusView>('GET', '/v1/status');
  const body = { excerpts: true, ...(paths.length > 0 && { path: paths }) };
  const { problems, ...answer } = await client.call<CheckAnswer>('POST', '/v1/check', body);
  const where = options.url === undefined ? '' : ` at ${options.url} on ${root}`;
  const excerpts = new Map<object, Excerpt | undefined>();
  const shown = problems.map(({ excerpt, ...problem }) => {
    const file = options.url === undefined ? shownPath(problem.file, terminal.cwd) : problem.file;
    const local = { ...problem, file };
    excerpts.set(local, excerpt);
    return local;
  });
  return {
    ...answer,
    problems: shown,
    excerpt: (problem) => excerpts.get(problem),
    by: `checked by the daemon${where}, pid ${pid}`,
  };
}

/** Rules whose daemon is asked: those of the command if they contain all paths, else the only path; undefined if there are several. */
async function configOf(paths: readonly string[], config: string, options: CommonOptions): Promise<string | undefined> {
  const within = await Promise.all(paths.map((file) => isWithin(file, config)));
  if (within.every(Boolean)) return config;
  return options.config === undefined && paths.length === 1 ? paths[0] : undefined;
}

/** Whether a path is a folder of rules or part of it, by any link to it. */
async function isWithin(file: string, folder: string): Promise<boolean> {
  const isBelow = (a: string, b: string): boolean => a === b || a.startsWith(`${b}${path.sep}`);
  if (isBelow(file, folder)) return true;
  const [realFile, realFolder] = await Promise.all([file, folder].map((one) => realpath(one).catch(() => undefined)));
  return realFile !== undefined && realFolder !== undefined && isBelow(realFile, realFolder);
}

/** Prints the first place that is closed to this user. A daemon may run there, with the secrets that are missing here. */
function noteDenied(error: CommandError, { stderr }: Pick<Terminal, 'stderr'>): void {
  const notice = deniedNotice(error);
  if (notice !== undefined) stderr.write(`belfry: ${notice}\n`);
}
