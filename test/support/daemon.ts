import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Agent } from 'undici';

const BELFRY = path.resolve(import.meta.dirname, '../../bin/belfry.js');

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string; readonly level: string };

export interface Answer<T = unknown> {
  readonly status: number;
  readonly body: T;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** User that a command runs as; a test that has users needs root. */
export interface RunUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[];
}

/** Command line of Node, as the user if there is one. */
function commandLine(program: string, args: readonly string[], user: RunUser | undefined): readonly [string, string[]] {
  const node = [process.execPath, program, ...args] as const;
  if (user === undefined) return [node[0], node.slice(1)];
  const groups = user.groups ?? [];
  const set = groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups';
  return ['setpriv', [`--reuid=${user.uid}`, `--regid=${user.gid}`, set, '--', ...node]];
}

/** Folder with rules and state, and daemons that are started on it one after another, each in a new process. */
export class Home {
  readonly folder: string;
  readonly env: Record<string, string> = {};
  /** Program that the daemons run. */
  program = BELFRY;
  /** Command that starts the daemons and traces them, such as strace with its options. */
  tracer: readonly string[] = [];
  /** Working directory of the daemons; the folder itself if not set. */
  cwd: string | undefined;
  /** Command before that of the daemons, which must replace itself by it; such as `unshare`. */
  wrapper: readonly string[] = [];
  /** User that the daemons run as; needs root. */
  user: number | undefined;
  /** Further groups of that user. */
  groups: readonly number[] = [];
  readonly lines: LogLine[] = [];
  /** Output of all daemons, to be searched for secrets. */
  output = '';
  #process: ChildProcess | undefined;
  readonly #spawned: ChildProcess[] = [];
  #watchers = new Set<{ readonly wanted: (line: LogLine) => boolean; readonly found: (line: LogLine) => void }>();
  #agent: Agent | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Home> {
    const folder = await mkdtemp(path.join(tmpdir(), 'belfry-walk-'));
    await mkdir(path.join(folder, 'rules'));
    return new Home(folder);
  }

  path(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  /** Process of the daemon. A tracer has it as its only child; it is 0 once that has ended. */
  get pid(): number {
    const { pid } = this.#process!;
    if (this.tracer.length === 0) return pid!;
    try {
      return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
    } catch {
      return 0;
    }
  }

  /** Saves rules by rename, as editors do. A `daemon:` block with the state of this folder is put before them. */
  async rules(yaml: string, name = 'rules.yaml', daemon = ''): Promise<void> {
    const aside = this.path(`.${name}.${Math.random()}`);
    const head =
      name === 'rules.yaml'
        ? `daemon:\n  state: ${this.path('state')}\n  listen: 127.0.0.1:0\n  log: { level: info, format: json }\n${daemon}`
        : '';
    await writeFile(aside, head + yaml);
    await rename(aside, this.path('rules', name));
  }

  /** Starts the daemon and resolves when it is ready. Rejects with its output if it ends before. */
  async start(...more: string[]): Promise<void> {
    const started = this.spawn(['run', '--config', this.path('rules'), ...more]);
    this.#process = started;
    const from = this.lines.length;
    const ended = once(started, 'exit').then(([code]) => {
      throw new Error(`the daemon ended with ${code} before it was ready:\n${this.output}`);
    });
    await Promise.race([this.logged((line) => line.msg === 'ready', from), ended]);
    ended.catch(() => {});
    this.#agent = new Agent({ connect: { socketPath: this.path('state', 'belfry.sock') } });
  }

  spawn(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const user = this.user === undefined ? undefined : { uid: this.user, gid: this.user, groups: this.groups };
    const [node, words] = commandLine(this.program, args, user);
    const tracer = args[0] === 'run' ? this.tracer : [];
    const [program, ...line] = [...this.wrapper, ...tracer, node, ...words];
    const child = spawn(program!, line, {
      cwd: this.cwd ?? this.folder,
      env: { ...this.#own(), ...this.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#spawned.push(child);
    createInterface({ input: child.stdout! }).on('line', (text) => this.#heard(text));
    child.stderr!.on('data', (text: Buffer) => {
      this.output += text.toString();
    });
    return child;
  }

  /** Runs a command of the CLI to its end. */
  async belfry(
    args: readonly string[],
    options: { input?: string; env?: Record<string, string>; cwd?: string; user?: RunUser; config?: string } = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const line = [...args, '--config', options.config ?? this.path('rules')];
    const [program, words] = commandLine(BELFRY, line, options.user);
    const child = spawn(program, words, {
      cwd: options.cwd ?? this.folder,
      env: { ...this.#own(), ...this.env, ...options.env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.stdin.end(options.input ?? '');
    const [code] = (await once(child, 'close')) as [number];
    return { code, stdout, stderr };
  }

  /** Environment without the variables of the machine; the record of each daemon is in its own folder. */
  #own(): Record<string, string> {
    return { PATH: process.env.PATH!, HOME: this.folder, RUNTIME_DIRECTORY: this.path('run') };
  }

  /** Resolves to the first matching log line after line `from`, also one that is not written yet. */
  logged(wanted: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    const present = this.lines.slice(from).find(wanted);
    if (present !== undefined) return Promise.resolve(present);
    return new Promise((resolve) => {
      const watcher = {
        wanted,
        found: (line: LogLine) => {
          this.#watchers.delete(watcher);
          resolve(line);
        },
      };
      this.#watchers.add(watcher);
    });
  }

  /** Sends a request over the daemon's Unix socket. */
  async call<T = unknown>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const raw =
      typeof body === 'string' || Buffer.isBuffer(body) ? body : body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#agent!.request({
      origin: 'http://localhost',
      path: url,
      method,
      headers: { ...(raw !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(raw !== undefined && { body: raw }),
    });
    const text = await answer.body.text();
    const json =
      (answer.headers['content-type'] ?? '').includes('json') &&
      !(answer.headers['content-type'] ?? '').includes('ndjson');
    return { status: answer.statusCode, headers: answer.headers, body: (json ? JSON.parse(text) : text) as T };
  }

  /** Address of the TCP listener. */
  get address(): string {
    const ready = this.lines.findLast((line) => line.msg === 'ready')!;
    return String(ready.listen);
  }

  async deadLetters(): Promise<Record<string, unknown>[]> {
    const text = await readFile(this.path('state', 'dead-letters.jsonl'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Sends SIGKILL. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Sends SIGTERM; resolves to the exit code. */
  async stop(): Promise<number> {
    return this.#end('SIGTERM');
  }

  signal(name: NodeJS.Signals): void {
    if (this.tracer.length === 0) this.#process!.kill(name);
    // Process 0 would be every process of the group of this test.
    else if (this.pid > 0) process.kill(this.pid, name);
  }

  exited(): Promise<number> {
    const { exitCode, signalCode } = this.#process!;
    if (exitCode !== null || signalCode !== null) return Promise.resolve(exitCode ?? -1);
    return once(this.#process!, 'exit').then(([code]) => code as number);
  }

  /** Resolves to the exit code and the signal of the present daemon. */
  ended(): Promise<[number | null, NodeJS.Signals | null]> {
    const { exitCode, signalCode } = this.#process!;
    if (exitCode !== null || signalCode !== null) return Promise.resolve([exitCode, signalCode]);
    return once(this.#process!, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  }

  async close(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.kill();
    for (const child of this.#spawned) child.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<number> {
    const running = this.#process!;
    await this.#agent?.destroy();
    if (running.exitCode !== null || running.signalCode !== null) return running.exitCode ?? -1;
    const ended = once(running, 'exit') as Promise<[number | null]>;
    this.signal(signal);
    return (await ended)[0] ?? -1;
  }

  #heard(text: string): void {
    this.output += `${text}\n`;
    let line: LogLine;
    try {
      line = JSON.parse(text) as LogLine;
    } catch {
      return;
    }
    this.lines.push(line);
    for (const watcher of this.#watchers) if (watcher.wanted(line)) watcher.found(line);
  }
}
