/** SQL: the id of a delivery as JSON text. It is the first field of the body, which need not be parsed for it. */
export const deliveryId = (body: string): string => {
  const id = String.raw`'^\{"id":("(?:[^"\\]|\\.)*")'`;
  return `coalesce(substring(left(${body}, ${HEAD_CHARS}) from ${id}), substring(${body} from ${id}))`;
};

/** Characters of a body that are read for an id: a long text would be decoded as a whole. */
const HEAD_CHARS = 200;

/** SQL: the row numbers in a list of `events.deliveries`, in their order: columns `seq` and `nth`. */
export const seqsOf = (list: string): string =>
  `unnest(string_to_array(nullif(btrim(${list}, '[]'), ''), ',')::bigint[]) WITH ORDINALITY j(seq, nth)`;

/** Columns that `deliveryOfRow` reads, and the tables with them. */
export const DELIVERY_COLUMNS = 'd.seq, d.state, d.due, d.body, d.attempts, d.receipt, d.error, e.body';
export const deliveryTables = (s: string): string => `${s}.deliveries d LEFT JOIN ${s}.events e ON e.seq = d.event`;

/** Columns that `eventOfRow` reads. */
export const eventColumns = (s: string): string =>
  `e.seq, e.at, e.body, e.outcomes, e.deliveries, (SELECT '[' || coalesce(string_agg(${deliveryId('d.body')}, ',' ORDER BY j.nth), '') || ']'
    FROM ${seqsOf('e.deliveries')} JOIN ${s}.deliveries d ON d.seq = j.seq)`;
