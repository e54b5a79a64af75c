import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Terminal } from './cli/render/terminal.ts';

/** Entry point, and the only file that uses `process`: it turns signals into an AbortSignal and sets the exit code. */
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** `timeout`, shells and supervisors signal a process and then its group: a second signal within this time is the same one. */
const SAME_SIGNAL_MS = 50;

/** Time in which the process should end by itself. */
const EXIT_WAIT_MS = 2_000;

const interruption = new AbortController();
let firstSignal = Number.POSITIVE_INFINITY;
let interruptedBy: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!interruption.signal.aborted) {
      firstSignal = performance.now();
      interruptedBy = signal;
      interruption.abort();
    } else if (performance.now() - firstSignal > SAME_SIGNAL_MS) {
      // The second signal ends the process at once. Data on disk survives any end of the process.
      process.kill(process.pid, 'SIGKILL');
    }
  });
}

/** The daemon reloads at SIGHUP. Every other verb ends, as when its terminal is closed. */
const isDaemon = process.argv[2] === 'run';
/** A SIGHUP that comes before the daemon has a listener for it is remembered. */
let isHungUp = false;
let onHangup = (): void => {
  isHungUp = true;
};
if (isDaemon) process.on('SIGHUP', () => onHangup());

/** EXIT.failed. Replaces the exit code of a verb whose output was not written. */
const OUTPUT_FAILED = 1;
let isOutputLost = false;
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A closed pipe (`belfry tail | head`) is not an error, except for the daemon, whose log is lost from then on.
  if (code === 'EPIPE' && !isDaemon) return interruption.abort();
  if (isOutputLost) return;
  isOutputLost = true;
  const consequence = isDaemon ? 'the daemon goes on; lines of its log are lost' : 'not everything was printed';
  process.stderr.write(`belfry: standard output cannot be written (${code ?? 'unknown error'}); ${consequence}\n`);
  // The daemon still delivers without its log.
  if (isDaemon) return;
  process.exitCode = OUTPUT_FAILED;
  interruption.abort();
});
// An error of standard error cannot be reported anywhere.
process.stderr.on('error', () => {});

/** Working directory. When it was removed, its path in `$PWD` is used, so that errors can name it. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env.PWD ?? '/';
  }
}

/**
 * Gives the process the groups of a user, or one group if the system does not know the user. Returns false if Node refuses to
 * change the user of a process, as it does with the libuv of the system, whose io_uring may keep the earlier rights.
 */
function setGroups(uid: number, gid: number): boolean {
  // The types of Node do not have `initgroups`.
  const system = process as unknown as { initgroups(user: number, group: number): void };
  try {
    system.initgroups(uid, gid);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_INVALID_STATE') return false;
    if (code !== 'ERR_UNKNOWN_CREDENTIAL') throw error;
    process.setgroups!([gid]);
  }
  return true;
}

/** Carries out the command in a new process of that user, then ends this process with the same exit code or signal. */
async function endWithProcessOf(...[user, again]: Parameters<Terminal['runAs']>): Promise<never> {
  const { runAgain } = await import('./cli/connection/run-again.ts');
  const args = [...process.execArgv, process.argv[1]!, ...(again.args ?? process.argv.slice(2))];
  const program = { file: process.execPath, args, env: process.env };
  const end = await runAgain(program, user, again, interruption.signal);
  if (typeof end === 'string') endBy(end);
  return process.exit(typeof end === 'string' ? OUTPUT_FAILED : end);
}

const terminal: Terminal = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: workingDirectory(),
  pid: process.pid,
  hostname: hostname(),
  uid: process.geteuid?.(),
  async runAs({ uid, gid }, again) {
    if (!setGroups(uid, gid)) await endWithProcessOf({ uid, gid }, again);
    process.setgid!(gid);
    process.setuid!(uid);
  },
  interrupted: interruption.signal,
  onHangup(listener) {
    onHangup = listener;
    if (isHungUp) listener();
    return () => {
      onHangup = () => {};
    };
  },
  onCrash(describe) {
    const listener = (error: unknown): void => {
      process.stderr.write(`belfry: ${describe(error)}\n`, () => process.exit(1));
    };
    process.on('uncaughtException', listener);
    return () => process.off('uncaughtException', listener);
  },
};

/** Ends the process by the signal, as if it had no handler: `exit` would wait for a thread that reads from a FIFO. */
function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const { INTERRUPTED, runProgram } = await import('./cli/program.ts');
  const code = await runProgram(argv, terminal, version);
  if (code === INTERRUPTED && interruptedBy !== undefined) endBy(interruptedBy);
  process.exitCode = isOutputLost && !isDaemon ? OUTPUT_FAILED : code;
  // An open standard input would keep the process alive; everything else is closed by now.
  process.stdin.destroy();
  // A start that failed may have left a timer or a watch open, which must not keep the process alive.
  setTimeout(() => process.exit(), EXIT_WAIT_MS).unref();
}

void main();
