import type { InstanceView } from '../../../http/daemon-api.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { ClusterStatus, InstanceStatus } from '../../../store/store.ts';

/** Difference of two clocks from which on it is a warning. */
const MAX_CLOCK_DIFFERENCE_MS = 2000;
/** Time after the start of an instance in which its first notification may be on its way. */
const LISTEN_GRACE_MS = 10_000;

/** The instances that share a store, and what should be known about them: one sentence for each warning. */
export interface InstancesView {
  readonly instances: readonly InstanceView[];
  readonly warnings: readonly string[];
}

export function instancesOf(cluster: ClusterStatus | undefined): InstancesView {
  const instances = cluster?.instances() ?? [];
  return { instances: instances.map(viewOf), warnings: instanceWarnings(instances.filter(({ isAlive }) => isAlive)) };
}

function viewOf({ name, owner, since, leaseUntil, host, pid, isSelf, ...rules }: InstanceStatus): InstanceView {
  const { version, generation, fingerprint } = rules;
  return {
    name,
    owner,
    lease_until: rfc3339(leaseUntil),
    since: rfc3339(since),
    host,
    pid,
    ...(version !== undefined && { version }),
    ...(generation !== undefined && { generation }),
    ...(fingerprint !== undefined && { fingerprint }),
    self: isSelf,
  };
}

/** Warnings about living instances. */
export function instanceWarnings(instances: readonly InstanceStatus[]): readonly string[] {
  return [
    ...differing(instances, 'fingerprint'),
    ...differing(instances, 'version'),
    ...clocks(instances),
    ...deaf(instances),
  ];
}

const DIFFERENCES = {
  fingerprint: {
    what: 'the instances have different rules',
    mend: 'each decides by its own; give all the same files and reload them',
  },
  version: { what: 'the instances run different versions', mend: 'end the upgrade on all of them' },
} as const;

function differing(instances: readonly InstanceStatus[], field: keyof typeof DIFFERENCES): readonly string[] {
  const namesByValue = new Map<string, string[]>();
  for (const { name, [field]: value } of instances)
    if (value !== undefined) namesByValue.set(value, [...(namesByValue.get(value) ?? []), name]);
  if (namesByValue.size < 2) return [];
  const { what, mend } = DIFFERENCES[field];
  const values = [...namesByValue].map(([value, names]) => `${names.join(', ')}: ${value}`);
  return [`${what} (${values.join('; ')}); ${mend}`];
}

function clocks(instances: readonly InstanceStatus[]): readonly string[] {
  return instances.flatMap(({ name, clockAhead = 0 }) => {
    if (Math.abs(clockAhead) <= MAX_CLOCK_DIFFERENCE_MS) return [];
    const seconds = formatDuration(Math.round(Math.abs(clockAhead) / 1000) * 1000);
    const side = clockAhead > 0 ? 'ahead of' : 'behind';
    return [`the clock of ${name} is ${seconds} ${side} that of the PostgreSQL server; set both by NTP`];
  });
}

function deaf(instances: readonly InstanceStatus[]): readonly string[] {
  return instances.flatMap(({ name, isListening, since, leaseUntil }) =>
    isListening === false && leaseUntil - since > LISTEN_GRACE_MS
      ? [
          `notifications of PostgreSQL do not reach ${name}, which asks twice a second instead; connect without a pooler that shares connections`,
        ]
      : [],
  );
}
