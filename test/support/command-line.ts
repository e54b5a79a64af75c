import { PassThrough } from 'node:stream';
import { runProgram } from '../../daemon/cli/program.ts';
import type { Terminal } from '../../daemon/cli/render/terminal.ts';
import type { OpenedListener } from './listener.ts';
import { written } from './written.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of `--json`: a value a line. */
  readonly json: readonly unknown[];
}

/** A terminal with nobody at it. */
export function testTerminal(
  env: Terminal['env'] = { USER: 'ann' },
): Terminal & { readonly stdout: PassThrough; readonly stderr: PassThrough } {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end();
  return {
    stdin,
    stdout,
    stderr,
    env,
    cwd: '/nowhere',
    pid: 1,
    hostname: 'here',
    interrupted: new AbortController().signal,
    onHangup: () => () => {},
    onCrash: () => () => {},
  };
}

/** Runs a command of the CLI against a listener, in this process. */
export async function belfry(
  to: OpenedListener | undefined,
  args: readonly string[],
  env: Terminal['env'] = { USER: 'ann' },
): Promise<Ran> {
  const terminal = testTerminal(env);
  const { stdout, stderr } = terminal;
  const where = to === undefined ? [] : ['--url', `http://${to.listener.address}`, '--token', 'admin-token'];
  const code = await runProgram([...args, ...where], terminal, '0.0.0');
  const text = written(stdout);
  const lines = args.includes('--json') ? text.split('\n').filter((line) => line !== '') : [];
  return {
    code,
    stdout: text,
    stderr: written(stderr),
    json: lines.map((line) => JSON.parse(line) as unknown),
  };
}
