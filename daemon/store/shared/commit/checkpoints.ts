import type { Checkpoint, CheckpointStore } from '../../store.ts';
import type { StoreContext } from '../context.ts';
import { fromColumn, toColumn } from '../keys.ts';
import { Writes } from '../writes.ts';

export function writeCheckpoints(writes: Writes, scope: string, entries: readonly Checkpoint[]): void {
  for (const { key, value } of entries) {
    if (value === null) writes.add('checkpointDelete', toColumn(scope), toColumn(key));
    else writes.add('checkpoint', toColumn(scope), toColumn(key), toColumn(value));
  }
}

export function openCheckpoints({ committer, queries }: StoreContext): CheckpointStore {
  return {
    async read(scope) {
      const rows = await queries.rows('checkpoints', toColumn(scope));
      return new Map((rows as readonly [string, string][]).map(([key, value]) => [fromColumn(key), fromColumn(value)]));
    },
    async get(scope, key) {
      const [row] = (await queries.rows('checkpointValue', toColumn(scope), toColumn(key))) as readonly [string][];
      return row && fromColumn(row[0]);
    },
    async write(scope, entries) {
      if (entries.length === 0) return;
      const writes = new Writes();
      writeCheckpoints(writes, scope, entries);
      await committer.submit({ writes, decided: false });
    },
    onChanged() {
      // There is no other instance.
    },
  };
}
