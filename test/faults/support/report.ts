import { appendFileSync, readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** Promises that must hold whatever fails. A row of the report names one of them. */
export const INVARIANTS = {
  I1: 'an acknowledged event is kept, and each of its deliveries has one state',
  I2: 'a delivery arrives twice only around a crash or a lost answer, with the same id',
  I3: 'a permanent failure is tried once and becomes a dead letter',
  I4: 'a reload loses, repeats and misroutes nothing',
  I5: 'a resend that is interrupted leaves each dead letter in one place',
  I6: 'a full disk refuses new events, keeps the old ones, and recovers by itself',
  I7: 'a failed fsync stops the daemon with exit 74, and nothing acknowledged is lost',
  I8: 'a step of the clock starves, repeats and expires nothing',
  I9: 'memory is bounded, whatever waits',
  I10: 'a sick endpoint delays no other',
  I11: 'a stop ends in time and loses nothing',
  I12: 'the last state of each watched file is reported',
  I13: 'a due time of a schedule is handled once',
  I14: 'each line of the dead-letter file is whole, or set aside',
  I15: 'damage of a file is named, and harms nothing else',
  I16: 'an event that is posted again is one event',
  I17: 'a poisonous event harms its own deliveries only',
  I18: 'rules that do not load touch nothing',
  I19: 'one daemon uses a state directory, and a crash needs no repair by hand',
  I20: 'the state of every earlier version is read, that of a later one is left alone',
  I21: 'deliveries of one key arrive in their order',
  I22: 'no secret leaves',
  I23: 'a long run needs no more memory, files and timers',
  I24: 'what is too much is refused clearly, and what was accepted is kept',
} as const;

export type Invariant = keyof typeof INVARIANTS;

/** One line of the report. */
export interface ReportRow {
  readonly invariant: Invariant;
  /** Fault that the daemon had. */
  readonly fault: string;
  readonly rounds: number;
  /** Measured numbers in words, such as `4,120 events, 17 duplicates`. */
  readonly figures: string;
  readonly violations: number;
  /** A planted bug that must be found: the row passes if there are violations. */
  readonly planted?: boolean;
}

/** Variable with the path of the file that collects the rows of all test files; `global-setup.ts` sets it. */
export const ROWS_FILE = 'BELFRY_FAULT_ROWS';

export const passes = ({ violations, planted }: ReportRow): boolean => (planted === true) === violations > 0;

/** Adds a row to the report of the suite. */
export function report(row: ReportRow): void {
  const file = process.env[ROWS_FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

export function readRows(file: string): ReportRow[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ReportRow);
}

const SHOWN_VIOLATIONS = 20;

/** Counts the rounds of one fault and its violations by invariant; adds its rows to the report when the test ends. */
export class Rounds {
  readonly #fault: string;
  readonly #planted: boolean;
  readonly #violations = new Map<Invariant, string[]>();
  readonly #figures = new Map<string, number>();
  readonly #began = performance.now();
  #rounds = 0;

  /** `invariants` are those that the fault tries; others get a row only when they are violated. */
  constructor(fault: string, invariants: readonly Invariant[], { planted = false } = {}) {
    this.#fault = fault;
    this.#planted = planted;
    for (const invariant of invariants) this.#violations.set(invariant, []);
    onTestFinished(() => this.#report());
  }

  get rounds(): number {
    return this.#rounds;
  }

  /** Ends a round. `where` repeats it, such as its seed. Prints a line about each violation at once. */
  end(violations: readonly Violation[], where: string): void {
    this.#rounds += 1;
    for (const { invariant, text } of violations) {
      const known = this.#violations.get(invariant) ?? [];
      this.#violations.set(invariant, known);
      known.push(`${invariant} ${text} (${where})`);
      if (!this.#planted) process.stderr.write(`${this.#fault}: ${known.at(-1)!}\n`);
    }
  }

  add(figure: string, count: number): void {
    this.#figures.set(figure, (this.#figures.get(figure) ?? 0) + count);
  }

  max(figure: string, count: number): void {
    this.#figures.set(figure, Math.max(this.#figures.get(figure) ?? 0, count));
  }

  figure(name: string): number {
    return this.#figures.get(name) ?? 0;
  }

  /** The violations of all rounds, for an `expect`. */
  get violations(): readonly string[] {
    return [...this.#violations.values()].flat().slice(0, SHOWN_VIOLATIONS);
  }

  violationsOf(invariant: Invariant): readonly string[] {
    return (this.#violations.get(invariant) ?? []).slice(0, SHOWN_VIOLATIONS);
  }

  /** Prints a line about the progress of a long run. */
  progress(of: number): void {
    const seconds = (performance.now() - this.#began) / 1000;
    const bad = this.violations.length;
    process.stderr.write(`${this.#fault}: ${this.#rounds}/${of} in ${seconds.toFixed(0)} s, ${bad} violations\n`);
  }

  #report(): void {
    const figures = [...this.#figures].map(([name, count]) => `${count.toLocaleString('en')} ${name}`).join(', ');
    for (const [invariant, violations] of this.#violations) {
      const { length } = violations;
      report({
        invariant,
        fault: this.#fault,
        rounds: this.#rounds,
        figures,
        violations: length,
        ...(this.#planted && { planted: true }),
      });
    }
  }
}

/** A broken invariant, with what was found. */
export interface Violation {
  readonly invariant: Invariant;
  readonly text: string;
}
