import type { Attempt } from '../../../core/delivery/delivery.ts';
import { ActivityCounts, deliveredAt, HOUR_MS, hourOf } from '../../shared/history/activity-counts.ts';
import { toColumn } from '../../shared/keys.ts';
import { USE } from '../../shared/stored-states.ts';
import type { Connection } from '../engine/connection.ts';

/** Time for which outcomes by hour are kept: two days and the hour that has begun. */
const HOURS_KEPT_MS = 49 * HOUR_MS;

/** Outcomes and uses that are read from rows of the database, before they are added to the stored ones. */
export class RowActivity extends ActivityCounts {
  /** Channel -> row of its newest delivered delivery. */
  readonly #delivered = new Map<string, number>();

  /** Adds a delivered delivery by its row number. Of those of a channel the newest counts. */
  addDelivered(channel: string, seq: number): void {
    this.#delivered.set(channel, Math.max(this.#delivered.get(channel) ?? 0, seq));
  }

  /** Part of a transaction. Deletes hours that are too old at `now`. */
  write(db: Connection, now: number): void {
    this.readDelivered(db);
    const stored = this.stored();
    const hours = stored.hours.map(([hour, rule, outcome, count]) => [hour, toColumn(rule), outcome, count]);
    const uses = stored.uses.map(([kind, name, at]) => [kind, toColumn(name), at]);
    // One statement for all of them takes a third of the time.
    db.statement(
      `INSERT INTO rule_hours SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true
        ON CONFLICT DO UPDATE SET count = count + excluded.count`,
    ).run([JSON.stringify(hours)]);
    db.statement(
      `INSERT INTO last_uses SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
        ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`,
    ).run([JSON.stringify(uses)]);
    db.statement('DELETE FROM rule_hours WHERE hour < ?').run([hourOf(now - HOURS_KEPT_MS)]);
  }

  /** Reads the times of the deliveries that were added. */
  readDelivered(db: Connection): void {
    const statement = db.statement("SELECT attempts, body ->> '$.createdAt' FROM deliveries WHERE seq = ?");
    for (const [channel, seq] of this.#delivered) {
      const [attempts, createdAt] = statement.get([seq]) as [string, number];
      const made = JSON.parse(attempts) as Attempt[];
      this.use(USE.delivered, made.at(-1)?.channel ?? channel, deliveredAt(made, createdAt));
    }
    this.#delivered.clear();
  }
}
