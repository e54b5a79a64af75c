import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import path from 'node:path';
import { StepFailure } from './plan.ts';

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Machine on which the service is installed. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly userName: string;
  readonly home: string;
  /** Runs a program to its end. A program that does not exist has the exit code 127, as in a shell. */
  run(program: string, ...args: string[]): Promise<Output>;
}

const NOT_FOUND = 127;

/** Runs programs of this machine. */
export function runProgram(program: string, ...args: string[]): Promise<Output> {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (error.code === 'ENOENT')
        resolve({ code: NOT_FOUND, stdout, stderr: `${program}: there is no such program` });
      else resolve({ code: typeof error.code === 'number' ? error.code : 1, stdout, stderr: stderr || error.message });
    });
  });
}

/** Runs a program that must succeed. */
export async function must(host: Host, program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await host.run(program, ...args);
  if (code !== 0)
    throw new StepFailure(`\`${[program, ...args].join(' ')}\` ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

/** Path of Node in PATH if it leads to the Node that runs this, since an update of Node does not change that path; else the full path. */
export async function stableNode(execPath: string, pathVariable = ''): Promise<string> {
  const folders = pathVariable.split(':').filter((folder) => path.isAbsolute(folder));
  for (const candidate of folders.map((folder) => path.join(folder, 'node'))) {
    const isSame = (await realpath(candidate).catch(() => undefined)) === (await realpath(execPath));
    if (
      isSame &&
      (await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      ))
    )
      return candidate;
  }
  return execPath;
}
