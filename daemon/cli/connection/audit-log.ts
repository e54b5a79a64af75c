import type { AuditChain, AuditLine } from '../../core/audit/entry.ts';
import type { AUDIT_FILTERS } from '../../core/audit/filters.ts';
import type { ValuesOf } from '../../core/values/parameter.ts';
import { resolveTime, timeText } from '../../core/values/value-kind.ts';
import type { AuditLogApi } from '../../http/daemon-api.ts';
import type { Client, ClientDeps } from './client.ts';

/** Filters of `belfry audit --log`. */
export type AuditFilters = ValuesOf<typeof AUDIT_FILTERS>;

export interface AuditLogPage {
  /** Newest first. */
  readonly entries: readonly AuditLine[];
  readonly next: number | null;
  /** Present if it was asked for. */
  readonly chain?: AuditChain;
}

/** Access to the audit log: through a running daemon, or in the state directory of a stopped one. */
export interface AuditLogAccess {
  page(filters: AuditFilters, verify: boolean): Promise<AuditLogPage>;
}

/** Page size where no `limit` is given. */
const DEFAULT_PAGE = 50;

export function remoteAuditLog(client: Client): AuditLogAccess {
  return {
    page({ since, until, actor, action, limit, cursor }, verify) {
      const texts = {
        since: since && timeText(since),
        until: until && timeText(until),
        actor,
        action,
        limit,
        cursor,
        verify: verify ? 'true' : undefined,
      };
      const given = Object.entries(texts).flatMap(([name, text]): [string, string][] =>
        text === undefined ? [] : [[name, String(text)]],
      );
      return client.call('GET', `/v1/audit/log?${new URLSearchParams(given).toString()}`);
    },
  };
}

export function offlineAuditLog(log: Pick<AuditLogApi, 'page' | 'chain'>, { clock }: ClientDeps): AuditLogAccess {
  return {
    async page({ since, until, actor, action, limit = DEFAULT_PAGE, cursor }, verify) {
      const { entries, next = null } = await log.page({
        ...(since !== undefined && { since: resolveTime(since, clock.now()) }),
        ...(until !== undefined && { until: resolveTime(until, clock.now()) }),
        ...(actor !== undefined && { actor }),
        ...(action !== undefined && { action }),
        ...(cursor !== undefined && { before: cursor }),
        limit,
      });
      return { entries, next, ...(verify && { chain: await log.chain() }) };
    },
  };
}
