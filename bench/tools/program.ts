import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { now, sleep } from './clock.ts';
import { post, type Request } from './connection.ts';
import { FIRST_PROBE } from './events.ts';

const TICKS_PER_SECOND = 100;
const READY_WITHIN_MS = 60_000;

export interface Command {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that accepts events over HTTP: the daemon, a floor, a peer. */
export interface Target {
  readonly port: number;
  request(number: number): Request;
}

/** A process of the bench, with its figures from the kernel. */
export class Program {
  readonly #command: Command;
  readonly #log: string;
  readonly #process: ChildProcess;
  readonly #gone: Promise<unknown>;
  /** From `spawn` to the first accepted event, in milliseconds; set by `ready`. */
  readyMs = 0;
  readonly #startedAt = now();

  constructor(command: Command) {
    this.#command = command;
    this.#log = `${command.folder}/output.log`;
    const output = openSync(this.#log, 'a');
    this.#process = spawn(command.command, command.arguments, {
      cwd: command.folder,
      env: { ...process.env, ...command.env },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    this.#gone = once(this.#process, 'exit').catch(() => undefined);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get isGone(): boolean {
    return this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Waits until the program accepts an event. */
  async ready(target: Target): Promise<void> {
    for (let probe = FIRST_PROBE + 1; now() - this.#startedAt < READY_WITHIN_MS && !this.isGone; probe += 1) {
      const status = await post(target.port, target.request(probe));
      if (status >= 200 && status < 300) {
        this.readyMs = now() - this.#startedAt;
        return;
      }
      await sleep(4);
    }
    await this.stop('SIGKILL');
    throw new Error(`${this.#command.arguments.join(' ')} did not become ready: ${readFileSync(this.#log, 'utf8')}`);
  }

  /** Processor time so far in seconds, of all its threads and the children it has waited for. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return ticks / TICKS_PER_SECOND;
  }

  /** Memory in MB, now or at its peak. */
  memoryMb(which: 'now' | 'peak'): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    const line = which === 'now' ? /VmRSS:\s+(\d+)/ : /VmHWM:\s+(\d+)/;
    return Number(line.exec(status)?.[1]) / 1024;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.isGone) return;
    const limit = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    this.#process.kill(signal);
    await this.#gone;
    clearTimeout(limit);
  }
}
