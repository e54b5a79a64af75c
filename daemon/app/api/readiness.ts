import { expiryNotes } from '../identity/identity.ts';
import type { DaemonApi } from '../../http/daemon-api.ts';
import type { DaemonApiDeps } from './deps.ts';

/** Parts of the daemon whose faults are reasons of `/readyz`, and are counted by `belfry_faults`. */
export type FaultyPartDeps = Pick<
  DaemonApiDeps,
  'store' | 'deadLetters' | 'inbox' | 'kept' | 'audit' | 'selfCheck' | 'heartbeat' | 'canaries'
>;

type Reasons = (deps: FaultyPartDeps) => readonly string[];

const listed = (fault: string | undefined): readonly string[] => (fault === undefined ? [] : [fault]);

/** An instance without a lease owns no deliveries. During an outage that is a consequence, and not a reason of its own. */
function leaseFault({ cluster }: FaultyPartDeps['store']): string | undefined {
  const { leaseSeconds, isOutage } = cluster?.health() ?? {};
  return leaseSeconds !== 0 || isOutage === true
    ? undefined
    : 'the lease of this instance has ended: it sends nothing until it has one again';
}

const PARTS = {
  event_loop: ({ selfCheck }) => selfCheck.faults,
  dead_letters: ({ deadLetters }) => listed(deadLetters.fault),
  inbox: ({ inbox }) => inbox.faults,
  kept_rules: ({ kept }) => listed(kept.fault),
  audit_log: ({ audit }) => listed(audit.fault),
  heartbeat: ({ heartbeat }) => listed(heartbeat.fault),
  canaries: ({ canaries }) => canaries.faults,
  lease: ({ store }) => listed(leaseFault(store)),
} satisfies Readonly<Record<string, Reasons>>;

/** Number of faults by part. */
export function faultCounts(deps: FaultyPartDeps): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(PARTS).map(([part, reasons]) => [part, reasons(deps).length]));
}

/** Ready means that events are accepted. A failing part is a reason in the list, but the daemon stays ready: removing it from service would not help. */
export function readinessOf(deps: DaemonApiDeps): ReturnType<DaemonApi['readiness']> {
  const { refusing, sources, lanes, listeners, live, tokens, clock } = deps;
  const refusal = refusing();
  const failing = [
    ...Object.values(PARTS).flatMap((reasons) => reasons(deps)),
    ...expiryNotes(tokens(), clock.now()),
    ...listeners.faults,
    ...live.files
      .filter(({ state }) => state === 'kept')
      .map(({ path }) => `${path} is not applied; the last good rules are in force`),
    ...sources
      .status()
      .filter(({ state }) => state !== 'running')
      .map(({ name, reason }) => `source ${name}: ${reason ?? 'failing'}`),
    ...lanes
      .status()
      .filter(({ state }) => state === 'misconfigured' || state === 'failing' || state === 'removed')
      .map(({ name, state, reason }) => `channel ${name} is ${state}: ${reason ?? ''}`),
  ];
  return { ready: refusal === undefined, reasons: refusal === undefined ? failing : [refusal, ...failing] };
}
