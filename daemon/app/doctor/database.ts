import type { PostgresSettings } from '../../core/ruleset.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { ExaminedDatabase } from '../../store/database-facts.ts';

/** Returns a function that examines the database of the store once for all checks. Loads its client only then. */
export function examinedDatabase({ url, schema }: PostgresSettings, clock: Clock): () => Promise<ExaminedDatabase> {
  let facts: Promise<ExaminedDatabase> | undefined;
  return () =>
    (facts ??= import('../../store/postgres/schema/examine.ts').then(({ examineDatabase }) =>
      examineDatabase({ url: url.reveal(), schema, clock }),
    ));
}
