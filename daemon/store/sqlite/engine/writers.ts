import type { Connection } from './connection.ts';
import { PROCEDURES } from './procedures.ts';
import type { Value } from '../../shared/writes.ts';
import { PROCEDURE_PARAMETERS, type ProcedureName, WRITE_PARAMETERS, type WriteName } from '../../shared/names.ts';
import { WRITES } from './statements.ts';

/** One kind of write. */
export interface Writer {
  /** Number of parameters. */
  readonly parameters: number;
  /** Returns the result of a procedure; undefined for a plain statement. */
  readonly run: (values: readonly Value[]) => unknown;
}

/** The writes by name: prepared statements and procedures. */
export class Writers {
  readonly #db: Connection;
  readonly #writers = new Map<WriteName, Writer>();

  constructor(db: Connection) {
    this.#db = db;
  }

  of(name: WriteName): Writer {
    let writer = this.#writers.get(name);
    if (writer === undefined) this.#writers.set(name, (writer = this.#makeWriter(name)));
    return writer;
  }

  #makeWriter(name: WriteName): Writer {
    if (isProcedure(name))
      return { parameters: PROCEDURE_PARAMETERS[name], run: (values) => PROCEDURES[name](this.#db, values) ?? null };
    const statement = this.#db.statement(WRITES[name]);
    return {
      parameters: WRITE_PARAMETERS[name],
      run(values) {
        statement.run(values as Value[]);
        return undefined;
      },
    };
  }

  clear(): void {
    this.#writers.clear();
  }
}

function isProcedure(name: WriteName): name is ProcedureName {
  return name in PROCEDURES;
}
