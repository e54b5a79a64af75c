import { type ChildProcess, spawn } from 'node:child_process';
import { kill as signalProcess } from 'node:process';
import type { Clock } from '../../lib/time/clock.ts';
import { SETTLE_MS } from '../channel.ts';

export interface ProgramRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Result of a run. `not_started`: the program did not run. `stopped`: the abort stopped it; `killed` if it did not end on SIGTERM. `ended`: it ended by itself, or by a `signal` of another process. */
export type ProgramOutcome =
  | { readonly kind: 'not_started'; readonly code: string }
  | { readonly kind: 'stopped'; readonly killed: boolean; readonly stderr: string }
  | {
      readonly kind: 'ended';
      readonly exit: number | undefined;
      readonly signal: string | undefined;
      readonly stdout: string;
      readonly stderr: string;
    };

/** Bytes of each output stream that are kept; the rest is read and dropped, so that the program never blocks on it. */
export const MAX_KEPT_BYTES = 4096;
/** Time between SIGTERM and SIGKILL. The rest of the time to settle is for the end of the program after SIGKILL. */
const GRACE_MS = SETTLE_MS - 1000;
/** Time for which background processes of a program may keep its output open. */
const LINGER_MS = 500;

/**
 * Runs a program without a shell, in a process group of its own, so that stopping it stops what it started too. Resolves when
 * it has ended; never rejects.
 */
export function runProgram(run: ProgramRun): Promise<ProgramOutcome> {
  if (run.signal.aborted) return Promise.resolve({ kind: 'not_started', code: 'ABORTED' });
  return new Promise((resolve) => {
    const child = start(run);
    if (typeof child === 'string') return resolve({ kind: 'not_started', code: child });
    const stdout = keepHead(child.stdout!);
    const stderr = keepHead(child.stderr!);
    const timers = new Set<() => void>();
    let isStopping = false;
    let isKilled = false;
    const kill = (): void => {
      isKilled = true;
      signalGroup(child, 'SIGKILL');
    };
    const stop = (): void => {
      isStopping = true;
      signalGroup(child, 'SIGTERM');
      timers.add(run.clock.after(GRACE_MS, kill));
    };
    const end = (outcome: ProgramOutcome): void => {
      run.signal.removeEventListener('abort', stop);
      for (const cancel of timers) cancel();
      // Processes that the program left in its group end with the attempt.
      if (isStopping) signalGroup(child, 'SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(outcome);
    };
    const ended = (exit: number | null, signal: string | null): void =>
      end(
        isStopping
          ? { kind: 'stopped', killed: isKilled, stderr: stderr() }
          : { kind: 'ended', exit: exit ?? undefined, signal: signal ?? undefined, stdout: stdout(), stderr: stderr() },
      );
    run.signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error: NodeJS.ErrnoException) => end({ kind: 'not_started', code: error.code ?? 'UNKNOWN' }));
    child.once('close', ended);
    child.once('exit', (exit, signal) => {
      if (isStopping) ended(exit, signal);
      else timers.add(run.clock.after(LINGER_MS, () => ended(exit, signal)));
    });
    // A program may close its input without reading it.
    child.stdin!.on('error', () => {});
    child.stdin!.end(run.input ?? '');
  });
}

/** The child, or the code of the error that `spawn` throws; it emits other errors later. */
function start(run: ProgramRun): ChildProcess | string {
  try {
    return spawn(run.file, [...run.args], {
      env: { ...run.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
      ...(run.cwd !== undefined && { cwd: run.cwd }),
    });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    signalProcess(-child.pid, signal);
  } catch {
    // The group is gone already, or the system has no process groups.
    child.kill(signal);
  }
}

function keepHead(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('error', () => {});
  stream.on('data', (chunk: Buffer) => {
    if (size < MAX_KEPT_BYTES) chunks.push(chunk.subarray(0, MAX_KEPT_BYTES - size));
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'LC_ALL',
  'LC_CTYPE',
  'LC_MESSAGES',
  'TZ',
  'TMPDIR',
  'SystemRoot',
  'TEMP',
  'ComSpec',
  'PATHEXT',
];

/** Environment of a program: the usual variables without the secrets that rules refer to. `more` names further variables. */
export function basicEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  more: readonly string[] = [],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of [...INHERITED, ...more]) {
    const value = env[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
