import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { beginAhead } from './commands/ahead.ts';
import type { Terminal } from './commands/terminal.ts';

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

// A reader that goes away (`belfry tail | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  interruption.abort();
});

const terminal: Terminal = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  pid: process.pid,
  hostname: hostname(),
  interrupted: interruption.signal,
  onHangup(listener) {
    process.on('SIGHUP', listener);
    return () => process.off('SIGHUP', listener);
  },
};

/** Ends as a program that does not know the signal: `exit` would wait for a thread that reads from a FIFO. */
function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  beginAhead(argv);
  const { INTERRUPTED, runProgram } = await import('./commands/program.ts');
  process.exitCode = await runProgram(argv, terminal, version);
  if (process.exitCode === INTERRUPTED && interruptedBy !== undefined) endBy(interruptedBy);
  // Standard input may still be open and would keep the process; everything of ours is closed by now.
  process.stdin.destroy();
  // A start that failed halfway may have left a timer or a watch behind; there is nothing more to wait for.
  setTimeout(() => process.exit(), 2_000).unref();
}

void main();
