import { usePgDump } from '../../../core/problems/pg-dump.ts';
import type { Terminal } from '../../render/terminal.ts';

/** Rejects with exit 78 if the rules keep the state in PostgreSQL. Rules that cannot be read refuse nothing. */
export async function refusePostgres(config: string, { env }: Pick<Terminal, 'env'>): Promise<void> {
  const { readStoreSettings } = await import('../../../reload/daemon-settings.ts');
  const { type, store } = await readStoreSettings(config, env);
  if (type === 'postgres') throw usePgDump(store?.type === 'postgres' ? store.schema : undefined);
}
