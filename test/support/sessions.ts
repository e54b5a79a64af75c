import { Sessions } from '../../daemon/app/identity/sessions.ts';
import type { Clock } from '../../daemon/lib/time/clock.ts';
import type { CheckpointStore } from '../../daemon/store/store.ts';

/** Checkpoints in memory. */
export function memoryCheckpoints(): CheckpointStore & {
  readonly written: { readonly scope: string; readonly key: string }[];
} {
  const scopes = new Map<string, Map<string, string>>();
  const written: { readonly scope: string; readonly key: string }[] = [];
  const of = (scope: string): Map<string, string> => scopes.get(scope) ?? new Map<string, string>();
  return {
    written,
    read: async (scope) => new Map(of(scope)),
    get: async (scope, key) => of(scope).get(key),
    async write(scope, entries) {
      const all = of(scope);
      scopes.set(scope, all);
      for (const { key, value } of entries) {
        written.push({ scope, key });
        if (value === null) all.delete(key);
        else all.set(key, value);
      }
    },
    onChanged: () => undefined,
  };
}

/** Sessions that no store keeps. */
export const memorySessions = (clock: Pick<Clock, 'now'>): Sessions => new Sessions(memoryCheckpoints(), clock);
