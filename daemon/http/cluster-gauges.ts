import { Gauge, type Registry } from 'prom-client';
import type { ClusterHealth } from '../store/store.ts';

export interface ClusterValues extends ClusterHealth {
  /** Number of instances. */
  readonly instances: number;
}

/** Gauges of a store that several instances share. They do not exist for a daemon that has its store alone. */
export function openClusterGauges(registry: Registry): { set(values: ClusterValues): void } {
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const instances = gauge('belfry_instances', 'Instances that run on the store, as of the last beat of this one.');
  const lease = gauge('belfry_lease_seconds', 'Seconds that are left of the lease of this instance.');
  const outage = gauge('belfry_postgres_outage', '1 while PostgreSQL cannot be reached.');
  const xmin = gauge(
    'belfry_postgres_oldest_xmin_seconds',
    'Age of the oldest transaction that keeps dead rows from being removed.',
  );
  const dead = gauge('belfry_postgres_dead_tuples', 'Estimated dead rows of the tables that change most.', 'table');
  const slots = gauge('belfry_postgres_inactive_slots', 'Replication slots that nobody uses.');
  return {
    set(values) {
      instances.set(values.instances);
      lease.set(values.leaseSeconds);
      outage.set(values.isOutage ? 1 : 0);
      setOrRemove(xmin, values.oldestXminSeconds);
      setOrRemove(slots, values.inactiveSlots);
      dead.reset();
      for (const [table, count] of Object.entries(values.deadTuples ?? {})) dead.set({ table }, count);
    },
  };
}

/** Removes the value that could not be read. */
function setOrRemove(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}
