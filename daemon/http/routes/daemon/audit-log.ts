import { AUDIT_FILTERS } from '../../../core/audit/filters.ts';
import { DEFAULT_LIMIT } from '../../../core/values/history-filters.ts';
import { oneOf, resolveTime } from '../../../core/values/value-kind.ts';
import { type Route, routeWithQuery, sendJson } from '../route.ts';

const QUERY = {
  ...AUDIT_FILTERS,
  verify: { kind: oneOf(['true', 'false']), about: '`true`: also check the chain of hashes over the whole log' },
};

export const auditLogRoutes: readonly Route[] = [
  routeWithQuery({
    method: 'GET',
    path: '/v1/audit/log',
    scope: 'admin',
    query: QUERY,
    summary: 'Who did what: the lines of the audit log, the newest first, a page at a time.',
    answers: {
      200: '`{"entries":[...],"next"}`; `next` is null on the last page; with `verify` also `chain`: `{"lines","ok","broken"}`',
      400: 'An unknown or wrong parameter',
    },
    async handle({ response, query }, { daemon, scrubber, clock }) {
      const { since, until, actor, action, limit = DEFAULT_LIMIT, cursor, verify } = query;
      const now = clock.now();
      const { entries, next = null } = await daemon.auditLog.page({
        ...(since !== undefined && { since: resolveTime(since, now) }),
        ...(until !== undefined && { until: resolveTime(until, now) }),
        ...(actor !== undefined && { actor }),
        ...(action !== undefined && { action }),
        ...(cursor !== undefined && { before: cursor }),
        limit,
      });
      const chain = verify === 'true' ? { chain: await daemon.auditLog.chain() } : {};
      sendJson(response, 200, scrubber.scrubJson({ entries, next, ...chain }));
    },
  }),
];
