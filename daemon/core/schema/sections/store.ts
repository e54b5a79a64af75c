import { ENTRY_NAME, secret, strict } from '../fields.ts';
import { Type } from '../type.ts';

/** `daemon.store`. Which settings a type has is checked by `compileStore`, which gives one problem for one mistake. */
export const storeSchema = strict(
  {
    type: Type.Unsafe<'sqlite' | 'postgres'>({
      type: 'string',
      enum: ['sqlite', 'postgres'],
      description:
        '`sqlite`: a file in the state directory, for one daemon. `postgres`: a PostgreSQL server, on which several instances with the same rules run.',
      examples: ['postgres'],
    }),
    url: Type.Optional(
      secret({
        description:
          'Only of `postgres`, which needs it: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with parameters such as `sslmode`; `?host=/run/postgresql` is a Unix socket.',
        examples: [
          '${env:BELFRY_STORE_URL}',
          'postgres://belfry:${env:PGPASSWORD}@db.internal/belfry?sslmode=verify-full',
        ],
      }),
    ),
    schema: Type.Optional(
      Type.String({
        description:
          'Only of `postgres`: the schema of its tables, `belfry` if not set. `belfry store migrate` creates it.',
        examples: ['alerts'],
        pattern: '^[a-z_][a-z0-9_]{0,62}$',
      }),
    ),
    pool: Type.Optional(
      Type.Integer({
        description: 'Only of `postgres`: connections of this instance at most, 8 if not set.',
        examples: [16],
        minimum: 2,
        maximum: 100,
      }),
    ),
    synchronous: Type.Optional(
      Type.Boolean({
        description:
          'Only of `postgres`: whether a commit is on the disk of the server before it counts, `true` if not set. With `false` a crash of the server loses the last commits.',
        examples: [false],
      }),
    ),
  },
  { description: 'Database of everything that must not be lost. A change needs a restart.' },
);

/** `daemon.instance`, and the setting `instance` of a source. */
export const instanceName = (doc: { readonly description: string; readonly examples: readonly string[] }) =>
  Type.String({ ...doc, pattern: ENTRY_NAME });
