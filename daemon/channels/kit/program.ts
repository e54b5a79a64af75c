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

/** `not_started`: the program never ran. `stopped`: it ran until the signal came; `killed` when it did not end on SIGTERM. `ended`: by itself; `signal` when something else killed it. */
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
const KEPT = 4096;
/** Between SIGTERM and SIGKILL; what is left of the time to settle is for the program to be gone. */
const GRACE = SETTLE_MS - 1000;
/** Milliseconds for which background processes of a program may hold its output open. */
const LINGER = 500;

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
      timers.add(run.clock.after(GRACE, kill));
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
      else timers.add(run.clock.after(LINGER, () => ended(exit, signal)));
    });
    // A program that does not read its input closes it: that is its own business.
    child.stdin!.on('error', () => {});
    child.stdin!.end(run.input ?? '');
  });
}

/** The child, or the code of why there is none: `spawn` throws on some errors and emits the others. */
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
    if (size < KEPT) chunks.push(chunk.subarray(0, KEPT - size));
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

/** Environment of a program: enough to run, without the secrets that rules refer to. `more` names further variables. */
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
