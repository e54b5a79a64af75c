import { PROCEDURE_PARAMETERS, WRITE_PARAMETERS, type WriteName } from '../../shared/names.ts';
import type { Value, Writes } from '../../shared/writes.ts';

/** Column of a record in the argument of the function `commit`: a number or text is a value, `json` is passed on as it is. */
type Column = readonly [name: string, kind: 'value' | 'json'];

interface Group {
  readonly columns: readonly Column[];
  /** Columns of which only the last record is written. */
  readonly key?: readonly number[];
  /** Name of the array in the argument; default the name of the write. */
  readonly into?: string;
}

const value = (name: string): Column => [name, 'value'];
const json = (name: string): Column => [name, 'json'];

const DELIVERY = ['seq', 'event', 'channel', 'due', 'expires', 'key_hash', 'id_hash'].map(value);

/** Writes of SQLite alone: a round writes names of events and states itself, and there is no history index. */
type Other = 'eventName' | 'state' | 'stateDelete' | 'statesDeleteExpired' | 'endedOtherwise';

/** Records of each write, in the order of its parameters. */
const GROUPS: Readonly<Record<Exclude<WriteName, Other>, Group>> = {
  event: { columns: [value('seq'), value('at'), json('body'), json('outcomes'), value('summary'), json('deliveries')] },
  eventDelivery: { columns: [value('seq'), value('delivery')] },
  delivery: { columns: [...DELIVERY, json('body')] },
  triedDelivery: { columns: [...DELIVERY, json('body'), json('attempts')], into: 'delivery' },
  deliveryName: { columns: [value('id'), value('seq')] },
  delivered: { columns: [value('seq'), json('attempts'), json('receipt')] },
  settle: {
    columns: [value('seq'), json('added'), value('state'), value('due'), json('receipt'), json('error')],
  },
  resolveDead: { columns: [value('seq'), json('added'), value('state'), json('receipt')] },
  exchange: { columns: [value('delivery'), json('body')], key: [0] },
  lastUse: { columns: [value('kind'), value('name'), value('at')], key: [0, 1] },
  due: { columns: [value('seq'), value('due')], key: [0] },
  delay: { columns: [value('seq'), value('due')], key: [0] },
  checkpoint: { columns: [value('scope'), value('key'), value('value')], key: [0, 1] },
  checkpointDelete: { columns: [value('scope'), value('key')], key: [0, 1], into: 'checkpoint' },
  request: { columns: [value('key'), value('body_hash'), value('answer'), value('at')], key: [0] },
  fact: { columns: [value('name'), value('value')], key: [0] },
  eventFollowUp: {
    columns: ['own', 'id', 'id_hash', 'source_hash', 'delivery'].map(value).concat([json('result')]),
  },
  push: { columns: ['delivery', 'to', 'required', 'frame', 'at', 'keep_until'].map(value) },
  pushAck: { columns: ['user', 'seq', 'now'].map(value) },
  pushCursor: { columns: ['user', 'now'].map(value) },
  pushCursors: { columns: [json('moved')] },
  pushTrim: { columns: [value('now')] },
};

const PARAMETERS: Readonly<Record<WriteName, number>> = { ...WRITE_PARAMETERS, ...PROCEDURE_PARAMETERS };

/** Procedures whose result the caller waits for. */
const WITH_RESULT: readonly WriteName[] = ['push', 'pushAck', 'pushCursor'];

/** Argument of the function `commit` of the database, built from the writes of several operations. */
export class Batch {
  /** Array -> its records as JSON. A record with a key replaces an earlier one with the same key. */
  readonly #arrays = new Map<string, Map<string, string>>();
  #results = 0;

  /** Adds the writes of one operation; returns the positions of their results. */
  add({ names, values }: Writes): number[] {
    const positions: number[] = [];
    let from = 0;
    for (const name of names) {
      const to = from + PARAMETERS[name];
      if (isWritten(name)) this.#add(name, values.slice(from, to), positions);
      from = to;
    }
    return positions;
  }

  /** Adds a record to an array that no write has. */
  record(array: string, fields: Readonly<Record<string, unknown>>): void {
    const records = this.#recordsOf(array);
    records.set(String(records.size), JSON.stringify(fields));
  }

  get isEmpty(): boolean {
    return this.#arrays.size === 0;
  }

  /** The argument, with further fields. */
  toJson(more: object = {}): string {
    const others = Object.entries(more).map(([name, field]) => `${JSON.stringify(name)}:${JSON.stringify(field)}`);
    const arrays = [...this.#arrays].map(
      ([name, records]) => `${JSON.stringify(name)}:[${[...records.values()].join(',')}]`,
    );
    return `{${[...arrays, ...others].join(',')}}`;
  }

  #add(name: Exclude<WriteName, Other>, values: readonly Value[], positions: number[]): void {
    const { columns, key, into = name } = GROUPS[name];
    const fields = columns.map(([column, kind], index) => {
      const given = values[index] ?? null;
      return `"${column}":${kind === 'json' ? (given ?? 'null') : valueText(given)}`;
    });
    if (WITH_RESULT.includes(name)) {
      fields.push(`"n":${this.#results}`);
      positions.push(this.#results);
      this.#results += 1;
    }
    const records = this.#recordsOf(into);
    const id = key === undefined ? String(records.size) : JSON.stringify(key.map((index) => values[index]));
    records.delete(id);
    records.set(id, `{${fields.join(',')}}`);
  }

  #recordsOf(array: string): Map<string, string> {
    let records = this.#arrays.get(array);
    if (records === undefined) this.#arrays.set(array, (records = new Map()));
    return records;
  }
}

/** A number as a whole one, because the columns are integers. */
function valueText(given: Value): string {
  return JSON.stringify(typeof given === 'number' ? Math.ceil(given) : given);
}

function isWritten(name: WriteName): name is Exclude<WriteName, Other> {
  return name in GROUPS;
}
