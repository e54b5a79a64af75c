import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Resumption, UserIds } from '../../lib/terminal.ts';

/** A program, as this process was started. */
export interface Program {
  readonly file: string;
  /** Options of Node, the script, and the arguments for it. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a program as another user, with the standard streams of this process. Resolves to its exit code, or to the signal that ended it.
 * An interruption is passed on.
 */
export async function runAgain(
  { file, args, env }: Program,
  { uid, gid }: UserIds,
  { state, config, input, fd }: Resumption,
  interrupted: AbortSignal,
): Promise<number | NodeJS.Signals> {
  const child = spawn(file, args, {
    uid,
    gid,
    env: { ...env, STATE_DIRECTORY: state, BELFRY_CONFIG: config },
    stdio: [input === undefined ? 'inherit' : 'pipe', 'inherit', 'inherit', ...(fd === undefined ? [] : [fd])],
  });
  const interrupt = (): void => void child.kill('SIGTERM');
  interrupted.addEventListener('abort', interrupt);
  try {
    // A command that ends before it has read everything closes its input.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? signal ?? 1;
  } finally {
    interrupted.removeEventListener('abort', interrupt);
  }
}
