import { describe, expect, it, test } from 'vitest';
import { compileSilenceText } from '../../../daemon/core/compile/sections/silence.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import { link } from '../../../daemon/core/compile/link.ts';
import { activeUntil, evaluateSilence, stateOf } from '../../../daemon/core/alerts/silence.ts';
import type { Silence } from '../../../daemon/core/ruleset.ts';
import { compileText, placesOf, problemsOf, rulesetOf } from '../../support/compile.ts';
import { tools } from '../../support/rule-types.ts';

const at = (text: string): number => Date.parse(text);
const NOW = at('2026-11-23T09:00:00Z');
const UNTIL = 'until: 2026-12-27T08:00:00Z';

/** The first silence of what stands in braces after `silences: `. */
const silenceOf = (yaml: string): Silence => rulesetOf(`silences: [{ ${yaml} }]`).silences[0]!;

const event: Event = {
  id: '1',
  source: 'hosts',
  type: 'host.down',
  time: '2026-11-23T09:00:00Z',
  data: { host: 'web1', load: 5 },
};

describe('a silence', () => {
  test.each([
    ['match: { data.host: web1 }', true],
    ['match: { data.host: web2 }', false],
    ['match: { data.host: web1, type: host.up }', false],
    ['match: { any: [{ data.host: web2 }, { data.host: web1 }] }', true],
    ['match: { data.rack: r1 }', false],
    ['match: {}', true],
    ['match: { rule: disk-full }', true],
    ['match: { rule: disk-empty }', false],
    ['match: { rule: disk-full, key: web1 }', true],
    ['match: { rule: disk-full, key: web2 }', false],
    ['match: { key: { prefix: web } }', true],
    ['match: {}, if: data.load > 4.0', true],
    ['match: {}, if: data.load > 6.0', false],
    ['match: { data.host: web2 }, if: data.load > 4.0', false],
    ['if: data.load > 4.0', true],
    ['if: rule == "disk-full" && key == "web1"', true],
    ['if: rule == "disk-empty"', false],
    ['match: {}, if: data.rack == "r1"', false],
  ])('with %s: %s', (text, silenced) => {
    expect(evaluateSilence(silenceOf(`${text}, ${UNTIL}`), event, 'disk-full', 'web1', NOW)).toEqual({ silenced });
  });

  it('whose condition fails silences nothing, and reports the error', () => {
    const broken = silenceOf(`match: {}, if: 'data.host > 5.0', ${UNTIL}`);
    const { silenced, error } = evaluateSilence(broken, event, 'disk-full', 'web1', NOW);
    expect(silenced).toBe(false);
    expect(error).toContain('no such overload');
    expect(evaluateSilence({ ...broken, matcher: { holds: () => false } }, event, 'r', 'k', NOW)).toEqual({
      silenced: false,
    });
  });

  it('gets the name of the rule and the key from the run, not from the event', () => {
    const misleading: Event = { ...event, rule: 'disk-full', key: 'web1' };
    const silence = silenceOf(`match: { rule: disk-full, key: web1 }, ${UNTIL}`);
    expect(evaluateSilence(silence, misleading, 'other', 'web1', NOW)).toEqual({ silenced: false });
    expect(evaluateSilence(silence, misleading, 'disk-full', 'other', NOW)).toEqual({ silenced: false });
  });

  it('of a file has its reason, person and match, and an id from its settings', () => {
    const text = `name: release night, match: {}, ${UNTIL}, reason: release, by: ann`;
    expect(silenceOf(text)).toMatchObject({ name: 'release night', reason: 'release', by: 'ann', origin: 'file' });
    expect(silenceOf(text).id).toMatch(/^file:[0-9a-z]{1,12}$/);
    expect(silenceOf(text).id).toBe(silenceOf(text).id);
    expect(silenceOf(text).id).not.toBe(silenceOf(text.replace('ann', 'bob')).id);
  });
});

describe('the time of a silence', () => {
  test.each([
    [UNTIL, '2026-11-23T09:00:00Z', 'active', '2026-12-27T08:00:00Z'],
    [UNTIL, '2026-12-27T07:59:59Z', 'active', '2026-12-27T08:00:00Z'],
    [UNTIL, '2026-12-27T08:00:00Z', 'expired', undefined],
    ['from: 2026-12-24T18:00:00+01:00, until: 2026-12-27', '2026-12-24T16:59:59Z', 'pending', undefined],
    [
      'from: 2026-12-24T18:00:00+01:00, until: 2026-12-27T00:00:00Z',
      '2026-12-24T17:00:00Z',
      'active',
      '2026-12-27T00:00:00Z',
    ],
    ['until: 2026-12-27T08:00, timezone: Asia/Shanghai', '2026-12-26T23:00:00Z', 'active', '2026-12-27T00:00:00Z'],
    [
      'from: 2026-12-24, until: 2026-12-27, timezone: Europe/Berlin',
      '2026-12-23T23:00:00Z',
      'active',
      '2026-12-26T23:00:00Z',
    ],
    // The first of the two repeated hours counts.
    ['until: 2026-10-25T02:30, timezone: Europe/Berlin', '2026-10-25T00:30:00Z', 'expired', undefined],
    ['until: 2026-03-29T02:30, timezone: Europe/Berlin', '2026-03-29T00:59:00Z', 'active', '2026-03-29T01:00:00Z'],
    [
      'recurring: { cron: 0 22 * * sat, for: 6h, timezone: UTC }',
      '2026-11-28T23:00:00Z',
      'active',
      '2026-11-29T04:00:00Z',
    ],
    ['recurring: { cron: 0 22 * * sat, for: 6h, timezone: UTC }', '2026-11-29T04:00:00Z', 'pending', undefined],
    [
      'timezone: Asia/Shanghai, recurring: { cron: 0 22 * * sat, for: 6h }',
      '2026-11-28T14:00:00Z',
      'active',
      '2026-11-28T20:00:00Z',
    ],
    [
      'timezone: Asia/Shanghai, recurring: { cron: 0 22 * * sat, for: 6h, timezone: UTC }',
      '2026-11-28T14:00:00Z',
      'pending',
      undefined,
    ],
    [
      'recurring: { cron: 0 22 * * sat, for: 6h, timezone: UTC }, until: 2026-11-29T01:00:00Z',
      '2026-11-28T23:00:00Z',
      'active',
      '2026-11-29T01:00:00Z',
    ],
    [
      'recurring: { cron: 0 22 * * sat, for: 6h, timezone: UTC }, until: 2026-11-29T01:00:00Z',
      '2026-11-29T01:00:00Z',
      'expired',
      undefined,
    ],
    [
      'recurring: { cron: 0 22 * * sat, for: 6h, timezone: UTC }, from: 2026-11-29T01:00:00Z',
      '2026-11-28T23:00:00Z',
      'pending',
      undefined,
    ],
    [
      'recurring: { cron: 0 22 * * sat, for: 6h, timezone: UTC }, from: 2026-11-29T01:00:00Z',
      '2026-11-29T01:00:00Z',
      'active',
      '2026-11-29T04:00:00Z',
    ],
    [
      'recurring: { cron: "* * * * *", for: 2m, timezone: UTC }, until: 2026-11-23T10:00:00Z',
      '2026-11-23T09:00:00Z',
      'active',
      '2026-11-23T10:00:00Z',
    ],
  ])('%s at %s: %s', (text, moment, state, until) => {
    const silence = silenceOf(`match: {}, ${text}`);
    expect(stateOf(silence, at(moment))).toBe(state);
    expect(activeUntil(silence, at(moment))).toBe(until === undefined ? undefined : at(until));
  });
});

describe('a posted silence', () => {
  it('becomes a silence with its id, by the rules for files', () => {
    const given = {
      id: '0193',
      match: { rule: 'disk-full' },
      until: '2026-12-27T08:00:00Z',
      reason: 'disks',
      by: 'ann',
    };
    const compiled = compileSilenceText(given);
    expect(compiled).toMatchObject({
      ok: true,
      silence: { id: '0193', reason: 'disks', by: 'ann', origin: 'api', until: at('2026-12-27T08:00:00Z') },
    });
    const silence = (compiled as { readonly silence: Silence }).silence;
    expect(evaluateSilence(silence, event, 'disk-full', 'web1', NOW)).toEqual({ silenced: true });
    expect(evaluateSilence(silence, event, 'disk-empty', 'web1', NOW)).toEqual({ silenced: false });
  });
});

describe('silences of files', () => {
  const digestsOf = (text: string): ReadonlyMap<string, string> => {
    const linked = link([compileText(text)], tools);
    if (!linked.ok) throw new Error('does not link');
    return linked.digests;
  };

  it('are parts of the rules: a reload that only changes one is a change', () => {
    const [before, after] = ['web1', 'web2'].map((host) =>
      digestsOf(`silences: [{ name: night, match: { data.host: ${host} }, ${UNTIL} }, { match: {}, ${UNTIL} }]`),
    );
    expect([...before!.keys()]).toEqual(['silence night', expect.stringMatching(/^silence file:/)]);
    expect(before!.get('silence night')).not.toBe(after!.get('silence night'));
  });

  it('have unique names, and none is declared twice', () => {
    const night = `{ name: night, match: {}, ${UNTIL} }`;
    expect(problemsOf(`silences: [${night}]`, `silences: [${night}]`)).toMatchObject([
      { file: 'b.yaml', code: 'silence.duplicate', message: 'there is already a silence `night`' },
    ]);
    const nameless = `{ match: {}, ${UNTIL} }`;
    expect(placesOf(problemsOf(`silences:\n  - ${nameless}\n  - ${nameless}\n`))).toEqual(['3:5 silence.duplicate']);
  });
});
