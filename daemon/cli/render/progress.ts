import { createInterface } from 'node:readline/promises';
import { EXIT } from '../../core/problems/failure.ts';
import { CommandError, type Terminal } from './terminal.ts';

/** Progress bar `[#####-----]  50/100  1 failed` on the last line of a terminal. In a pipe only notes are printed, as plain lines. */
export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #total: number;
  readonly #shown: boolean;
  #done = 0;
  #failed = 0;

  constructor(terminal: Terminal, total: number, wanted: boolean) {
    this.#terminal = terminal;
    this.#total = total;
    this.#shown = wanted && terminal.stdout.isTTY === true;
  }

  step(failed: boolean, count = 1): void {
    this.#done += count;
    if (failed) this.#failed += 1;
    this.#draw();
  }

  /** Prints a line above the bar. */
  note(text: string): void {
    this.#terminal.stdout.write(this.#shown ? `\r\u001B[K${text}\n` : `${text}\n`);
    this.#draw();
  }

  end(): void {
    if (this.#shown) this.#terminal.stdout.write('\n');
  }

  #draw(): void {
    if (!this.#shown) return;
    const width = Math.max(10, Math.min(40, (this.#terminal.stdout.columns ?? 80) - 30));
    const full = Math.round((width * Math.min(this.#done, this.#total)) / Math.max(1, this.#total));
    const failed = this.#failed > 0 ? `  ${this.#failed} failed` : '';
    this.#terminal.stdout.write(
      `\r\u001B[K[${'#'.repeat(full)}${'-'.repeat(width - full)}]  ${this.#done}/${this.#total}${failed}`,
    );
  }
}

/** Asks the user a question; true for `y` and `yes`. An interruption is no; of a question about the interruption itself, only the second one ends the process. */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  const asked = createInterface({ input: terminal.stdin, output: terminal.stdout });
  const refusal = new AbortController();
  // While a question is open, the terminal sends Ctrl-C as a character.
  asked.on('SIGINT', () => refusal.abort());
  const { interrupted } = terminal;
  const signal = interrupted.aborted ? refusal.signal : AbortSignal.any([interrupted, refusal.signal]);
  try {
    return /^y(es)?$/i.test((await asked.question(`${question} [y/N] `, { signal })).trim());
  } catch {
    return false;
  } finally {
    asked.close();
  }
}

/** Asks before something is sent or changed; rejects unless a person agrees or `--yes` was given. */
export async function requireConsent(
  terminal: Terminal,
  yes: boolean | undefined,
  stdinUsed: boolean,
  question: string,
): Promise<void> {
  if (yes) return;
  if (stdinUsed || terminal.stdin.isTTY !== true)
    throw new CommandError(EXIT.usage, 'there is no terminal to ask on; give --yes');
  if (!(await confirm(terminal, question))) throw new CommandError(EXIT.failed, 'nothing was done');
}
