import type { Database } from '../engine/database.ts';

/** Table of the history, with the bytes of a row beside its texts: header, numbers, and its entries in the indexes. */
interface Measured {
  readonly table: string;
  readonly texts: readonly string[];
  readonly rest: number;
}

const EVENTS: Measured = { table: 'events', texts: ['body', 'outcomes', 'summary', 'deliveries'], rest: 70 };
const DELIVERIES: Measured = {
  table: 'deliveries',
  texts: ['channel', 'body', 'attempts', 'receipt', 'error'],
  rest: 110,
};
const TABLES: readonly Measured[] = [
  EVENTS,
  DELIVERIES,
  { table: 'names', texts: [], rest: 100 },
  { table: 'delivery_names', texts: ['id', 'id'], rest: 70 },
  { table: 'exchanges', texts: ['body'], rest: 70 },
];

/** SQL: bytes of a row as it is stored. A long text is compressed or beside the table; it is not read for this. */
const sizeOf = (alias: string, { texts, rest }: Measured): string =>
  [...texts.map((text) => `coalesce(pg_column_size(${alias}.${text}), 0)`), `${rest}`].join(' + ');

export const eventBytes = (alias: string): string => sizeOf(alias, EVENTS);
export const deliveryBytes = (alias: string): string => sizeOf(alias, DELIVERIES);

/** Pages (8 KiB) of a table that are read for an estimate: all of a table of 16 MiB, a part of them of a larger one. */
const SAMPLED_PAGES = 2000;

/**
 * Bytes that the rows of the history take, with their entries in the indexes. The size of the files is not the measure: a deleted row
 * does not make a file smaller, its space is used again after a vacuum. In a large table, the rows of pages chosen by chance are
 * measured, which is exact to a few percent.
 */
export async function usedBytes(database: Database, s: string): Promise<number> {
  const pages = TABLES.map(({ table }) => `pg_relation_size('${s}.${table}') / current_setting('block_size')::bigint`);
  const [counts = []] = await database.rows(`SELECT ${pages.join(', ')}`);
  const sums = TABLES.map((measured, index) => {
    const share = Math.min(1, SAMPLED_PAGES / Math.max(1, Number(counts[index])));
    const sample = share === 1 ? '' : ` TABLESAMPLE SYSTEM (${share * 100})`;
    return `(SELECT coalesce(sum(${sizeOf('t', measured)}), 0) / ${share} FROM ${s}.${measured.table} t${sample})`;
  });
  const [row] = await database.rows(`SELECT (${sums.join(' + ')})::bigint`);
  return Number(row![0]);
}
