import { describe, expect, test } from 'vitest';
import { compileEgress, type EgressSettings } from '../../../daemon/core/values/egress.ts';

const denialBy = (settings: Partial<EgressSettings>) =>
  compileEgress({ denyPrivate: false, allow: [], deny: [], ...settings });

describe('`deny_private`', () => {
  const egress = denialBy({ denyPrivate: true });

  test.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.8.8.8',
    '169.254.169.254',
    '172.31.255.255',
    '192.0.0.1',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '100::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:169.254.169.254',
    '::127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::8.8.8.8',
    '2002:a00:1::',
    '2001:0:a00:1::',
    'not an address',
  ])('denies %s, which not everybody can reach', (address) => {
    expect(egress.denialOf(address)).toBe('daemon.egress.deny_private');
  });

  test.each([
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::',
  ])('allows %s, which is public', (address) => {
    expect(egress.denialOf(address)).toBeUndefined();
  });

  test('denies localhost by its name, unless one of its addresses is allowed', () => {
    expect(egress.denialOfHost('LocalHost.')).toBe('daemon.egress.deny_private');
    expect(denialBy({ denyPrivate: true, allow: ['127.0.0.0/8'] }).denialOfHost('localhost')).toBeUndefined();
    expect(egress.denialOfHost('hooks.example.com')).toBeUndefined();
  });
});

describe('`allow` and `deny`', () => {
  test('the most exact entry decides: a name, then the smallest network', () => {
    const egress = denialBy({
      denyPrivate: true,
      allow: ['10.1.0.0/16', 'relay.internal', '0.0.0.0/0'],
      deny: ['10.0.0.0/8', '10.1.1.0/24', 'evil.example.com'],
    });
    expect(egress.denialOf('10.2.0.1')).toBe('daemon.egress.deny');
    expect(egress.denialOf('10.1.2.1')).toBeUndefined();
    expect(egress.denialOf('10.1.1.1')).toBe('daemon.egress.deny');
    expect(egress.denialOf('10.1.1.1', 'Relay.internal.')).toBeUndefined();
    expect(egress.denialOf('8.8.8.8', 'evil.example.com')).toBe('daemon.egress.deny');
    expect(egress.denialOfHost('evil.example.com')).toBe('daemon.egress.deny');
  });

  test('`deny` wins against an equal entry in `allow`', () => {
    expect(denialBy({ allow: ['192.0.2.1'], deny: ['192.0.2.1/32'] }).denialOf('192.0.2.1')).toBe('daemon.egress.deny');
  });

  test('a network of IPv4 is also denied in each IPv6 form that leads to it', () => {
    const egress = denialBy({ deny: ['192.0.2.0/24'] });
    for (const form of ['::ffff:192.0.2.1', '64:ff9b::192.0.2.1', '2002:c000:201::', '::192.0.2.1'])
      expect(egress.denialOf(form), form).toBe('daemon.egress.deny');
    expect(egress.denialOf('::ffff:192.0.3.1')).toBeUndefined();
  });

  test('an address that stands for this machine is denied with the loopback', () => {
    const egress = denialBy({ deny: ['127.0.0.0/8', '::1'] });
    for (const form of ['0.0.0.0', '::', '::ffff:0.0.0.0', '64:ff9b::', '::1%lo'])
      expect(egress.denialOf(form), form).toBe('daemon.egress.deny');
    expect(egress.denialOfHost('::1%lo')).toBe('daemon.egress.deny');
    expect(denialBy({ denyPrivate: true }).denialOfHost('fe80::1%eth0')).toBe('daemon.egress.deny_private');
  });

  test('everything but some servers can be denied', () => {
    const egress = denialBy({ allow: ['hooks.example.com'], deny: ['0.0.0.0/0', '::/0'] });
    expect(egress.denialOf('2606:4700::1', 'hooks.example.com')).toBeUndefined();
    expect(egress.denialOf('2606:4700::1', 'other.example.com')).toBe('daemon.egress.deny');
    expect(egress.denialOf('unreadable')).toBe('daemon.egress.deny');
  });
});
