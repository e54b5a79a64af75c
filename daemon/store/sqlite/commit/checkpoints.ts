import { Writes } from './commit.ts';
import type { Ledger } from '../context.ts';
import type { MarkStore } from '../../store.ts';
import { fromColumn, toColumn } from '../engine/text.ts';

type Mark = { readonly key: string; readonly value: string | null };

export function writeMarks(writes: Writes, scope: string, marks: readonly Mark[]): void {
  for (const { key, value } of marks) {
    if (value === null) writes.add('markGone', toColumn(scope), toColumn(key));
    else writes.add('mark', toColumn(scope), toColumn(key), toColumn(value));
  }
}

export function openMarks({ committer, reader }: Ledger): MarkStore {
  return {
    async read(scope) {
      const rows = await reader.rows('marks', toColumn(scope));
      return new Map((rows as readonly [string, string][]).map(([key, value]) => [fromColumn(key), fromColumn(value)]));
    },
    async write(scope, marks) {
      if (marks.length === 0) return;
      const writes = new Writes();
      writeMarks(writes, scope, marks);
      await committer.submit({ writes, decided: false });
    },
  };
}
