import { PassThrough, type Readable } from 'node:stream';
import { runProgram } from '../../daemon/cli/program.ts';
import type { Terminal } from '../../daemon/cli/render/terminal.ts';
import type { OpenedListener } from './listener.ts';

/** Result of a command. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Values that `--json` printed, one a line; empty without it. */
  readonly json: readonly unknown[];
}

export type TestTerminal = Terminal & { readonly stdout: PassThrough; readonly stderr: PassThrough };

/** Terminal without a user: stdin is at its end, and nothing interrupts. */
export function testTerminal(overrides: Partial<TestTerminal> = {}): TestTerminal {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end();
  return {
    stdin,
    stdout,
    stderr,
    env: { USER: 'ann' },
    cwd: '/nowhere',
    pid: 1,
    hostname: 'here',
    uid: process.geteuid?.(),
    runAs: () => {
      throw new Error('a test process stays the user that it is');
    },
    interrupted: new AbortController().signal,
    onHangup: () => () => {},
    onCrash: () => () => {},
    ...overrides,
  };
}

/** Runs a command of the CLI in this process. */
export async function runCommand(terminal: TestTerminal, args: readonly string[]): Promise<Ran> {
  const code = await runProgram(args, terminal, '0.0.0');
  const stdout = written(terminal.stdout);
  const lines = args.includes('--json') ? stdout.split('\n').filter((line) => line !== '') : [];
  return { code, stdout, stderr: written(terminal.stderr), json: lines.map((line) => JSON.parse(line) as unknown) };
}

/** Runs a command of the CLI against a listener, in this process. */
export async function belfry(
  to: OpenedListener | undefined,
  args: readonly string[],
  env: Terminal['env'] = { USER: 'ann' },
): Promise<Ran> {
  const target = to === undefined ? [] : ['--url', `http://${to.listener.address}`, '--token', 'admin-token'];
  return runCommand(testTerminal({ env }), [...args, ...target]);
}

/** Everything that was written to a stream since the last call. One `read` may return only the first piece of it. */
export function written(stream: Readable): string {
  let text = '';
  const next = (): Buffer | null => stream.read() as Buffer | null;
  for (let piece = next(); piece !== null; piece = next()) text += piece.toString();
  return text;
}
