import type { AuditLogApi } from '../../../http/daemon-api.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { Closers } from '../../../lib/async/closers.ts';
import type { AuditLog } from './audit-log.ts';
import { auditChain, auditPage } from './read.ts';
import { RefusedLogins } from './refused-logins.ts';

export interface AuditApiDeps {
  readonly audit: AuditLog;
  readonly paths: { readonly state: string };
  readonly clock: Clock;
  readonly closers: Closers;
}

/** The audit log as the listener and the commands use it. */
export function openAuditApi({ audit, paths, clock, closers }: AuditApiDeps): AuditLogApi {
  const refusals = new RefusedLogins(clock, (entry) => void audit.record(entry));
  closers.own('refused tokens', () => refusals.flush());
  return {
    record: (entry) => audit.record(entry),
    refused: ({ address, ...refused }) =>
      refusals.add(address === undefined ? { ...refused, via: 'socket' } : { ...refused, via: 'token', address }),
    page: (query) => auditPage(paths.state, query),
    chain: () => auditChain(paths.state),
  };
}
