import { randomBytes } from 'node:crypto';
import { Database } from '../engine/database.ts';
import { quotedName, refuseOtherSchema, type SchemaTarget, schemaState } from './migrate.ts';

const KEY_BYTES = 32;

/**
 * Reads the secret key of the instances, which signs what one of them must accept from another, such as the buttons of messages. The
 * first instance makes it. Rejects as `openPostgresStore` does.
 */
export async function sharedStateKey({ url, schema }: SchemaTarget, instance: string): Promise<Buffer> {
  const database = new Database({ url, connections: 1, instance });
  try {
    refuseOtherSchema(await schemaState({ database, schema }), schema);
    const facts = `${quotedName(schema)}.facts`;
    await database.rows(`INSERT INTO ${facts} VALUES ('state_key', $1) ON CONFLICT DO NOTHING`, [
      randomBytes(KEY_BYTES).toString('hex'),
    ]);
    const [row] = await database.rows(`SELECT value FROM ${facts} WHERE name = 'state_key'`);
    return Buffer.from(String(row![0]), 'hex');
  } finally {
    await database.close();
  }
}
