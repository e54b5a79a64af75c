import { execFile } from 'node:child_process';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { hostname } from 'node:os';
import { arch, geteuid, getgroups, platform, version } from 'node:process';
import path from 'node:path';
import type { Clock } from '../time/clock.ts';

/** Result of a program. `missing`: it could not be started. `ended`: it ended by itself. `late`: it was stopped after its time limit. */
export type ProgramAnswer =
  | { readonly kind: 'missing' }
  | { readonly kind: 'late' }
  | { readonly kind: 'ended'; readonly exit: number; readonly stdout: string; readonly stderr: string };

/** Access to this machine for code that examines it. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly hostname: string;
  /** `v20.19.0` */
  readonly nodeVersion: string;
  /** Effective user id and group ids; -1 and none where the system has no such ids. */
  readonly uid: number;
  readonly groups: readonly number[];
  readonly clock: Clock;
  /** Resolves host names as channels do. */
  readonly lookup: LookupFunction;
  /** Path of a file of the system, such as `/proc/meminfo`. */
  systemPath(file: string): string;
  /** Runs a program without a shell. Never rejects. */
  run(file: string, args: readonly string[], timeoutMs?: number): Promise<ProgramAnswer>;
}

export interface MachineOptions {
  readonly env: Machine['env'];
  readonly clock: Clock;
  readonly lookup: LookupFunction;
  /** Folder in which the files of the system lie; `/` if not set. */
  readonly root?: string;
}

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_OUTPUT_BYTES = 256 * 1024;

export function openMachine({ env, clock, lookup, root = '/' }: MachineOptions): Machine {
  return {
    env,
    platform,
    arch,
    hostname: hostname(),
    nodeVersion: version,
    uid: geteuid?.() ?? -1,
    groups: getgroups?.() ?? [],
    clock,
    lookup,
    systemPath: (file) => path.join(root, file),
    run: (file, args, timeoutMs = DEFAULT_TIMEOUT_MS) => runProgram(file, args, timeoutMs, env),
  };
}

function runProgram(
  file: string,
  args: readonly string[],
  timeout: number,
  env: Machine['env'],
): Promise<ProgramAnswer> {
  return new Promise((resolve) => {
    const options = {
      env: { ...env, LC_ALL: 'C' },
      timeout,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT_BYTES,
    } as const;
    const child = execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error?.killed === true) resolve({ kind: 'late' });
      else if (typeof error?.code === 'string') resolve({ kind: 'missing' });
      else resolve({ kind: 'ended', exit: error === null ? 0 : (error.code ?? 1), stdout, stderr });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end();
  });
}

/** Standard output of a program that ended with 0; undefined otherwise. */
export async function outputOf(machine: Machine, file: string, args: readonly string[]): Promise<string | undefined> {
  const answer = await machine.run(file, args);
  return answer.kind === 'ended' && answer.exit === 0 ? answer.stdout : undefined;
}

/** Text of a file of the system; undefined if it cannot be read. */
export async function readSystemFile(machine: Machine, file: string): Promise<string | undefined> {
  return await readFile(machine.systemPath(file), 'utf8').catch(() => undefined);
}

/** Target of a link of the system, such as `/proc/self/fd/1`. */
export async function readSystemLink(machine: Machine, file: string): Promise<string | undefined> {
  return await readlink(machine.systemPath(file)).catch(() => undefined);
}

/** Names in a folder of the system; none if it cannot be read. */
export async function listSystemFolder(machine: Machine, folder: string): Promise<readonly string[]> {
  return await readdir(machine.systemPath(folder)).catch(() => []);
}

export async function systemFileExists(machine: Machine, file: string): Promise<boolean> {
  return await lstat(machine.systemPath(file)).then(
    () => true,
    () => false,
  );
}
