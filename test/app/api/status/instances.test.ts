import { expect, test } from 'vitest';
import { instancesOf, instanceWarnings } from '../../../../daemon/app/api/status/instances.ts';
import type { InstanceStatus } from '../../../../daemon/store/store.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');

const instance = (name: string, changes: Partial<InstanceStatus> = {}): InstanceStatus => ({
  name,
  owner: 1,
  isSelf: false,
  since: NOW - 60_000,
  leaseUntil: NOW + 8000,
  isAlive: true,
  host: `${name}.example.com`,
  pid: 7,
  version: '1.0.0',
  generation: 3,
  fingerprint: 'f00',
  clockAhead: 40,
  isListening: true,
  ...changes,
});

test('instances that agree are no reason for a warning', () => {
  expect(instanceWarnings([instance('a'), instance('b', { generation: 9 })])).toEqual([]);
});

test('different rules and versions are named with their instances', () => {
  expect(
    instanceWarnings([instance('a'), instance('b'), instance('c', { fingerprint: 'bad', version: '1.1.0' })]),
  ).toEqual([
    'the instances have different rules (a, b: f00; c: bad); each decides by its own; give all the same files and reload them',
    'the instances run different versions (a, b: 1.0.0; c: 1.1.0); end the upgrade on all of them',
  ]);
});

test('a clock that differs by more than two seconds is named, whichever way', () => {
  const clocks = [
    instance('a', { clockAhead: 2000 }),
    instance('b', { clockAhead: 3_600_400 }),
    instance('c', { clockAhead: -2600 }),
  ];
  expect(instanceWarnings(clocks)).toEqual([
    'the clock of b is 1h ahead of that of the PostgreSQL server; set both by NTP',
    'the clock of c is 3s behind that of the PostgreSQL server; set both by NTP',
  ]);
});

test('notifications that do not arrive are a warning, except just after the start', () => {
  const deaf = { isListening: false };
  expect(instanceWarnings([instance('a', deaf), instance('b', { ...deaf, since: NOW - 1000 })])).toEqual([
    expect.stringMatching(/^notifications of PostgreSQL do not reach a, which asks twice a second instead; /),
  ]);
});

test('an instance whose lease has ended is shown, and compared with nothing', () => {
  const cluster = {
    instances: () => [
      instance('a', { isSelf: true }),
      instance('b', { isAlive: false, fingerprint: 'bad', leaseUntil: NOW - 1 }),
    ],
    health: () => ({ leaseSeconds: 8, isOutage: false }),
  };
  const { instances, warnings } = instancesOf(cluster);
  expect(instances).toMatchObject([
    {
      name: 'a',
      self: true,
      lease_until: '2026-11-23T09:00:08.000Z',
      since: '2026-11-23T08:59:00.000Z',
      fingerprint: 'f00',
    },
    { name: 'b', self: false, lease_until: '2026-11-23T08:59:59.999Z' },
  ]);
  expect(warnings).toEqual([]);
  expect(instancesOf(undefined)).toEqual({ instances: [], warnings: [] });
});
