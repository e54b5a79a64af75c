import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { runProgram } from './commands/program.ts';
import type { Terminal } from './commands/terminal.ts';

/** The only file that touches the process: argv in, signals as an AbortSignal, exit code out. */
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second one means it: whoever sends it does not want to wait for attempts that are on their way.
    if (interruption.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    interruption.abort();
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

const exit = await runProgram(process.argv.slice(2), terminal, version);
// Standard input may still be open on a terminal and would keep the process; everything of ours is closed by now.
process.stdin.unref?.();
process.exitCode = exit;
