import pg from 'pg';
import { BelfryError, EXIT } from '../../../core/problems/failure.ts';

/** Unique index of rows that two instances wrote at the same time: the transaction is made again. */
export class Collision extends BelfryError {
  readonly constraint: string;

  constructor(constraint: string) {
    super('store.collision', `another instance wrote the same row at the same time (${constraint})`);
    this.constraint = constraint;
  }
}

const UNIQUE_VIOLATION = '23505';
/** Codes and classes of SQLSTATE. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const KINDS: readonly { readonly test: RegExp; readonly make: (error: Error) => BelfryError }[] = [
  { test: /^53[12]00$/, make: full },
  { test: /^(?:08|57P0|53300|53400|57014|25006|55000|40)/, make: unavailable },
  { test: /^28|^3D000|^42501/, make: refused },
];

/** Error for what PostgreSQL or the connection to it answered. */
export function postgresError(error: unknown): BelfryError {
  if (error instanceof BelfryError) return error;
  const failure = error instanceof Error ? error : new Error(String(error));
  if (!(failure instanceof pg.DatabaseError)) return unavailable(failure);
  const { code = '', constraint = '' } = failure;
  if (code === UNIQUE_VIOLATION) return new Collision(constraint);
  const kind = KINDS.find(({ test }) => test.test(code));
  if (kind !== undefined) return kind.make(failure);
  return new BelfryError(
    'store.broken',
    `a bug in the store: PostgreSQL refused a statement: ${failure.message} (${code})`,
    {
      cause: failure,
    },
  );
}

function unavailable(cause: Error): BelfryError {
  return new BelfryError(
    'store.unavailable',
    `PostgreSQL cannot be used now: ${reasonOf(cause)}; send it again later`,
    {
      cause,
    },
  );
}

/** Message of an error; of several, where each address of a host was tried, that of the first. */
function reasonOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as readonly Error[]) : [];
  return first?.message ?? error.message;
}

function full(cause: Error): BelfryError {
  return new BelfryError(
    'store.full',
    `the disk or the memory of the PostgreSQL server is full: ${cause.message}; nothing was changed`,
    { cause },
  );
}

function refused(cause: Error): BelfryError {
  return new BelfryError(
    'store.refused',
    `PostgreSQL refuses this user: ${cause.message}; correct \`daemon.store.url\` or the privileges of the user`,
    { exit: EXIT.config, cause },
  );
}

/** Reason without the advice of `store.unavailable`. */
export function causeOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? reasonOf(cause) : message;
}

/** Whether the same statement may succeed later. */
export function isTransient(error: unknown): boolean {
  return error instanceof BelfryError && (error.code === 'store.unavailable' || error.code === 'store.full');
}
