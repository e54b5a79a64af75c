import { expect, test } from 'vitest';
import { placesOf, problemsOf, rulesetOf } from '../../../support/compile.ts';

test('`daemon.heartbeat` beats each minute if nothing else is said', () => {
  const { heartbeat } = rulesetOf('daemon: { heartbeat: { url: "https://hc-ping.com/abc" } }\n').daemon;
  expect([heartbeat?.url.reveal(), heartbeat?.every]).toEqual(['https://hc-ping.com/abc', 60_000]);
  expect(JSON.stringify(heartbeat)).not.toContain('hc-ping');
});

test('`daemon.heartbeat` changes its fingerprint with each setting that a beat depends on', () => {
  const url = 'url: "https://hc-ping.com/abc"';
  const fingerprints = [
    `heartbeat: { ${url} }`,
    `heartbeat: { ${url}, every: 5m }`,
    'heartbeat: { url: "https://hc-ping.com/abd" }',
    `heartbeat: { ${url} }, proxy: "http://proxy.internal:3128"`,
    `heartbeat: { ${url} }, egress: { deny: 10.0.0.0/8 }`,
  ].map((daemon) => rulesetOf(`daemon: { ${daemon} }\n`).daemon.heartbeat?.fingerprint);
  expect(new Set(fingerprints).size).toBe(5);
});

test('`daemon.heartbeat` has a problem if it can never beat', () => {
  const problems = problemsOf(`daemon:
  heartbeat:
    url: hc-ping.com/abc
    every: 100ms
`);
  expect(placesOf(problems)).toEqual(['3:10 value.url', '4:12 schema.range']);
  const denied = problemsOf(`daemon:
  egress: { deny_private: true }
  heartbeat: { url: "http://10.1.2.3/beats/a" }
`);
  expect(placesOf(denied)).toEqual(['3:21 channel.egress_denied']);
  expect(denied[0]!.message).toBe('`daemon.egress.deny_private` denies the receiver of the heartbeat');
});
