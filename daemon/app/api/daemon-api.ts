import type { DaemonApi } from '../../http/daemon-api.ts';
import { newId } from '../../lib/id.ts';
import { backupOf } from '../backup/backup.ts';
import { loggedBackup } from '../backup/logged.ts';
import { Reruns } from '../jobs/rerun.ts';
import { storeBackupTime } from '../doctor/stored-facts.ts';
import { channelTests } from './channel-test.ts';
import { deadLetterApi } from './dead-letters.ts';
import { explainLive } from './explain.ts';
import { alertViews, silenceViews } from './alerts/alert-views.ts';
import { openAlertActions } from './alerts/alert-actions.ts';
import { unsavedRules } from './unsaved/unsaved-rules.ts';
import { historyOf } from './history.ts';
import { channelViews } from './channel-views.ts';
import { readinessOf } from './readiness.ts';
import { statusOf } from './status/status.ts';
import { rulesOf } from './rules.ts';
import type { DaemonApiDeps } from './deps.ts';

/** API of the daemon for the listener and the commands. Reads from the parts and forwards calls to them; decides nothing. */
export function daemonApi(deps: DaemonApiDeps): DaemonApi {
  const { store, live, intake, lanes, jobs, sources, reloading, feed, clock } = deps;
  const ids = (): string => newId(clock.now());
  const alertActions = openAlertActions({ ...deps, live: () => live.ruleset, newId: ids });
  const reruns = new Reruns({ jobs, store, live, clock, newId: ids, accept: (event) => intake.acceptAgain(event) });
  return {
    accept: (events, options) => intake.accept(events, options),
    ...historyOf(deps),
    hookRoute: (path) => sources.route(path),
    status: () => statusOf(deps, alertActions),
    readiness: () => readinessOf(deps),
    reload: async () => deps.scrubber.scrubJson(await reloading.reload('api')),
    check: deps.check,
    explain: explainLive(deps),
    unsaved: unsavedRules(deps),
    rules: rulesOf(deps),
    alertActions,
    buttons: deps.buttons,
    alerts: (rule) => alertViews(deps, rule),
    silences: () => silenceViews(deps),
    channels: () => channelViews(deps),
    sources: () => sources.views(),
    testChannel: channelTests(deps),
    hold: (name, request) => lanes.hold(name, request),
    release: (name, by) => lanes.release(name, by),
    ...deadLetterApi(deps),
    rerun: (request, caller) => reruns.run(request, caller),
    jobs,
    audit: () => auditOf(deps),
    doctor: deps.doctor,
    backup: () => loggedBackup(backupOf(deps), deps.log, () => storeBackupTime(store, clock.now())),
    feed: (listener) => feed.follow(listener),
    acknowledged: (deliveries, receipt) => lanes.received(deliveries, receipt),
    webPush: deps.webPush,
    console: deps.console,
    identity: deps.identity,
    auditLog: deps.auditLog,
    tokens: deps.tokens,
    publicUrl: () => live.ruleset.daemon.publicUrl,
    origins: () => live.ruleset.daemon.origins,
    limits: () => live.ruleset.daemon.limits,
  };
}

type AuditedParts = Pick<DaemonApiDeps, 'store' | 'deadLetters' | 'inbox'>;

/**
 * Counts and violations of the stored data. Deliveries end meanwhile, and a dead letter is in the file before its delivery ends in the
 * store; so a violation is what two audits in a row find.
 */
export async function auditOf(parts: AuditedParts): ReturnType<DaemonApi['audit']> {
  const first = await auditOnce(parts);
  if (first.violations.length === 0) return first;
  const second = await auditOnce(parts);
  const known = new Set(first.violations);
  return { ...second, violations: second.violations.filter((violation) => known.has(violation)) };
}

/** An event in the inbox that cannot be read is a violation, because `emit` has reported it as accepted. */
async function auditOnce({ store, deadLetters, inbox }: AuditedParts): ReturnType<DaemonApi['audit']> {
  const ids = new Set<string>();
  for await (const line of deadLetters.read()) if ('record' in line) ids.add(line.record.id);
  const { violations, ...counts } = await store.audit(ids);
  return { ...counts, violations: [...violations, ...(await inbox.check())] };
}
