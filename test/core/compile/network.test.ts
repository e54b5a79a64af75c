import { describe, expect, it } from 'vitest';
import { problemsOf, rulesetOf } from '../../support/compile.ts';

const DENY_PRIVATE = 'daemon: { egress: { deny_private: true } }\n';

describe('`daemon.egress`', () => {
  it.each([
    ['an entry that is no host', "egress: { deny: ['10.0.0.0/8', '*.example.com'] }", '1:42', 'neither an address nor'],
    ['a single entry that is no host', "egress: { deny: '127.1' }", '1:27', 'neither an address nor'],
    ['a network with too many bits', "egress: { deny: ['10.0.0.0/33'] }", '1:28', 'neither an address nor'],
    ['exceptions from nothing', 'egress: { allow: [10.0.0.1] }', '1:21', '`allow` has no effect'],
  ])('has a problem: %s', (_what, settings, place, message) => {
    const problems = problemsOf(`daemon: { ${settings} }\n`);
    expect(problems).toMatchObject([{ code: 'daemon.egress', message: expect.stringContaining(message) as string }]);
    expect(`${problems[0]!.line}:${problems[0]!.column}`).toBe(place);
  });

  it.each(['10.0.0.1', '"::1"', 'localhost'])(
    'makes a channel with the server %s a problem, at its setting',
    (host) => {
      const problems = problemsOf(DENY_PRIVATE, `channels:\n  ops: { type: relay, host: ${host} }\n`);
      expect(problems).toMatchObject([{ file: 'b.yaml', line: 2, column: 29, code: 'channel.egress_denied' }]);
      expect(problems[0]!.message).toBe('`daemon.egress.deny_private` denies the server of the channel `ops`');
    },
  );

  it('leaves names to the connection, except those that it denies', () => {
    const channels = 'channels:\n  ops: { type: relay, host: hooks.example.com }\n  log: { type: sink }\n';
    expect(problemsOf(DENY_PRIVATE, channels)).toEqual([]);
    expect(problemsOf('daemon: { egress: { deny: hooks.example.com } }\n', channels)).toHaveLength(1);
  });

  it('restarts channels when it changes', () => {
    const channels = 'channels:\n  ops: { type: relay, host: hooks.example.com }\n';
    const fingerprints = ['', DENY_PRIVATE, 'daemon: { egress: { deny: 10.0.0.0/8 } }\n'].map(
      (daemon) => rulesetOf(daemon, channels).channels.get('ops')!.fingerprint,
    );
    expect(new Set(fingerprints).size).toBe(3);
  });
});
