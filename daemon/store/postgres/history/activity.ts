import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import { ActivityCounts, hourOf, type StoredActivity } from '../../shared/history/activity-counts.ts';
import { fromColumn, toColumn } from '../../shared/keys.ts';
import type { Database } from '../engine/database.ts';

/** Additions of one transaction to the stored activity: records of the function `commit`, by their array. */
export interface ActivityRecords {
  readonly ruleHour: readonly {
    readonly hour: number;
    readonly rule: string;
    readonly outcome: string;
    readonly count: number;
  }[];
  readonly lastUse: readonly { readonly kind: number; readonly name: string; readonly at: number }[];
}

/**
 * Counts in memory what this instance decided and delivered, and gives it to a transaction now and then: with each event, the instances
 * would wait for each other at the row of a rule. After a crash, what was counted since the last transaction is missing.
 */
export class ActivityWriter {
  #counts = new ActivityCounts();
  #changes = 0;
  #writing: Promise<void> | undefined;

  /** Counts the results of an event at its arrival. */
  addEvent(results: readonly RuleResult[], now: number): void {
    this.#counts.addResults(
      results.filter(({ outcome }) => outcome !== 'no_match'),
      now,
    );
  }

  /** Counts a later result at its own time. */
  addLater(result: LaterResult): void {
    const at = Date.parse(result.at);
    this.#counts.addOutcome(result, at);
    this.#counts.addUses(result, at);
  }

  /** Notes a use, of the kinds `USE`. */
  addUse(kind: number, name: string, at: number): void {
    this.#counts.use(kind, name, at);
  }

  get isEmpty(): boolean {
    return this.#counts.hours.size === 0 && this.#counts.uses.size === 0;
  }

  /** Takes out everything for a transaction. If it fails, the records are given back. */
  take(): ActivityRecords {
    const { hours, uses } = this.#counts.stored();
    this.#counts = new ActivityCounts();
    this.#changes += 1;
    return {
      ruleHour: hours.map(([hour, rule, outcome, count]) => ({ hour, rule: toColumn(rule), outcome, count })),
      lastUse: uses.map(([kind, name, at]) => ({ kind, name: toColumn(name), at })),
    };
  }

  giveBack({ ruleHour, lastUse }: ActivityRecords): void {
    for (const { hour, rule, outcome, count } of ruleHour)
      this.#counts.addOutcome({ rule: fromColumn(rule), outcome: outcome as RuleResult['outcome'] }, hour, count);
    for (const { kind, name, at } of lastUse) this.#counts.use(kind, fromColumn(name), at);
  }

  /** Writes everything in a transaction that `commit` makes. `readActivity` waits for it, so that nothing is counted twice or left out. */
  async write(commit: (records: ActivityRecords) => Promise<unknown>): Promise<void> {
    await this.settled();
    if (this.isEmpty) return;
    const records = this.take();
    const writing = commit(records).then(
      () => undefined,
      (error: unknown) => {
        this.giveBack(records);
        throw error;
      },
    );
    this.#writing = writing;
    try {
      await writing;
    } finally {
      if (this.#writing === writing) this.#writing = undefined;
      this.#changes += 1;
    }
  }

  /** Resolves when no transaction is under way, to whether there was one. */
  async settled(): Promise<boolean> {
    if (this.#writing === undefined) return false;
    while (this.#writing !== undefined) await this.#writing.catch(() => undefined);
    return true;
  }

  /** Number of transactions that were begun and that have ended. */
  get changes(): number {
    return this.#changes;
  }

  /** Counts that no transaction has stored yet. */
  stored(): StoredActivity {
    return this.#counts.stored();
  }
}

/** Counts that all instances have stored, and those that this one has not stored yet. */
export async function readActivity(
  database: Pick<Database, 'rows'>,
  s: string,
  since: number,
  unwritten: ActivityWriter,
): Promise<StoredActivity> {
  for (;;) {
    const { changes } = unwritten;
    const rows = await database.rows(
      `SELECT hour, rule, outcome, count, NULL FROM ${s}.rule_hours WHERE hour >= $1
        UNION ALL SELECT at, name, NULL, NULL, kind FROM ${s}.last_uses`,
      [hourOf(since)],
    );
    // The rows may have the records of a transaction that is under way, or not.
    if (await unwritten.settled()) continue;
    if (unwritten.changes !== changes) continue;
    const { hours, uses } = unwritten.stored();
    return {
      hours: [
        ...rows
          .filter(([, , , , kind]) => kind === null)
          .map(
            ([hour, rule, outcome, count]) =>
              [Number(hour), fromColumn(String(rule)), String(outcome), Number(count)] as const,
          ),
        ...hours,
      ],
      uses: [
        ...rows
          .filter(([, , , , kind]) => kind !== null)
          .map(([at, name, , , kind]) => [Number(kind), fromColumn(String(name)), Number(at)] as const),
        ...uses,
      ],
    };
  }
}
