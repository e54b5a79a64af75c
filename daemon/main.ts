import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Terminal } from './cli/render/terminal.ts';

/** The only file that touches the process: argv in, signals as an AbortSignal, exit code out. */
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** `timeout`, shells and supervisors signal a process and then its group: what follows this soon is the same signal. Milliseconds. */
const SAME_SIGNAL = 50;

const interruption = new AbortController();
let firstSignal = Number.POSITIVE_INFINITY;
let interruptedBy: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!interruption.signal.aborted) {
      firstSignal = performance.now();
      interruptedBy = signal;
      interruption.abort();
    } else if (performance.now() - firstSignal > SAME_SIGNAL) {
      // The second one means it. What is on disk is safe from any end; winding down a thread that is writing is not worth the wait.
      process.kill(process.pid, 'SIGKILL');
    }
  });
}

/** Only the daemon takes SIGHUP; it ends every other verb, as when its terminal is closed. */
const isDaemon = process.argv[2] === 'run';
/** The start takes its time, so the signal is caught from the first line on, and passed on once somebody listens. */
let isHungUp = false;
let onHangup = (): void => {
  isHungUp = true;
};
if (isDaemon) process.on('SIGHUP', () => onHangup());

/** EXIT.failed; the verb's own code says nothing about what was not written. */
const OUTPUT_FAILED = 1;
let isOutputLost = false;
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A reader that goes away (`belfry tail | head`) is no error, except to a daemon, whose log nobody reads from then on.
  if (code === 'EPIPE' && !isDaemon) return interruption.abort();
  if (isOutputLost) return;
  isOutputLost = true;
  const then = isDaemon ? 'the daemon goes on; lines of its log are lost' : 'not everything was printed';
  process.stderr.write(`belfry: standard output cannot be written (${code ?? 'unknown error'}); ${then}\n`);
  // A daemon that nobody can read still delivers.
  if (isDaemon) return;
  process.exitCode = OUTPUT_FAILED;
  interruption.abort();
});
// There is no other place left to tell it.
process.stderr.on('error', () => {});

/** A working directory that was removed has no path of its own any more; the shell's name for it gives errors that name it. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env.PWD ?? '/';
  }
}

const terminal: Terminal = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: workingDirectory(),
  pid: process.pid,
  hostname: hostname(),
  interrupted: interruption.signal,
  onHangup(listener) {
    onHangup = listener;
    if (isHungUp) listener();
    return () => {
      onHangup = () => {};
    };
  },
  onCrash(tell) {
    const listener = (error: unknown): void => {
      process.stderr.write(`belfry: ${tell(error)}\n`, () => process.exit(1));
    };
    process.on('uncaughtException', listener);
    return () => process.off('uncaughtException', listener);
  },
};

/** Ends as a program that does not know the signal: `exit` would wait for a thread that reads from a FIFO. */
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
  // Standard input may still be open and would keep the process; everything of ours is closed by now.
  process.stdin.destroy();
  // A start that failed halfway may have left a timer or a watch behind; there is nothing more to wait for.
  setTimeout(() => process.exit(), 2_000).unref();
}

void main();
