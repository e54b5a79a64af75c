import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../daemon/core/delivery/delivery.ts';
import type { Message } from '../../daemon/core/message/message.ts';
import type { Expectation } from '../../daemon/core/schema/sections/rule-tests.ts';
import { minimalAssignment } from '../../daemon/simulation/assignment.ts';
import { differences } from '../../daemon/simulation/expectations.ts';

interface SentMessage extends Partial<Message> {
  readonly channel?: string;
  readonly status?: 'firing' | 'resolved';
}

function differencesOf(expected: readonly Expectation[], sent: readonly SentMessage[]): string[] {
  const all = sent.map(({ channel = 'ops', status = 'firing', ...message }) => {
    const whole = { title: '', body: '', format: 'text', priority: 'normal', tags: [], ...message };
    return { at: 0, delivery: { channel, status, rule: 'r', key: 'k', message: whole } as unknown as Delivery };
  });
  return differences(expected, all).map(({ entry, text }) => `${entry ?? '-'}: ${text}`);
}

describe('an expectation matches a message', () => {
  const message: SentMessage = {
    channel: 'mail',
    title: 'Disk full',
    body: 'on web1\nand web2',
    priority: 'high',
    tags: ['disk', 'web'],
    to: ['ann@example.com'],
    link: 'https://example.com/1',
    fields: { host: 'web1', percent: '93' },
    actions: [{ label: 'Open', url: 'https://example.com' }],
  };

  it.each<Expectation>([
    {},
    { channel: 'mail', title: 'Disk full', priority: 'high', status: 'firing', rule: 'r', key: 'k' },
    { title: { contains: 'full' }, body: { regex: '^on web\\d\\nand' } },
    { body: { contains: 'web1', regex: 'web2$' } },
    { tags: ['disk', 'web'], to: 'ann@example.com' },
    { tags: 'web' },
    { tags: { contains: 'dis' } },
    { fields: { host: 'web1' } },
    { fields: { percent: 93 } },
    { 'fields.host': { regex: 'web' }, 'fields.percent': 93 },
    { actions: [{ url: 'https://example.com', label: 'Open' }] },
    { link: { contains: 'example.com' } },
  ])('whose fields it names: %j', (wanted) => {
    expect(differencesOf([wanted], [message])).toEqual([]);
  });

  it.each<[Expectation, string]>([
    [{ title: 'Disk' }, 'title is "Disk full", and should be "Disk"'],
    [{ title: { contains: 'empty' } }, 'title is "Disk full", and should contain "empty"'],
    [{ body: { regex: '^and' } }, 'body is "on web1\\nand web2", and should match "^and"'],
    [{ tags: ['web', 'disk'] }, 'tags is ["disk","web"], and should be ["web","disk"]'],
    [{ tags: 'db' }, 'tags is ["disk","web"], and should be "db"'],
    [{ image: 'x' }, 'image is missing, and should be "x"'],
    [
      { fields: { host: 'web2', rack: '1' } },
      'fields.host is "web1", and should be "web2"; fields.rack is missing, and should be "1"',
    ],
    [{ 'fields.host': 'web2' }, 'fields.host is "web1", and should be "web2"'],
    [
      { status: 'resolved', priority: 'low' },
      'status is "firing", and should be "resolved"; priority is "high", and should be "low"',
    ],
  ])('and no other message: %j', (wanted, why) => {
    const [line] = differencesOf([wanted], [message]);
    expect(line).toBe(
      `0: expected, but not sent: ${JSON.stringify(wanted)}; the nearest was mail: "Disk full" "on web1\\nand web2": ${why}`,
    );
  });
});

describe('sent and expected messages are paired', () => {
  it('in any order', () => {
    expect(differencesOf([{ title: 'b' }, { title: 'a' }], [{ title: 'a' }, { title: 'b' }])).toEqual([]);
  });

  it('and a general expectation leaves the message that a specific one needs', () => {
    expect(differencesOf([{ channel: 'ops' }, { title: 'a' }], [{ title: 'a' }, { title: 'b' }])).toEqual([]);
  });

  it('and the remaining ones so that the fewest fields differ', () => {
    const sent = [
      { title: 'z', body: 'q' },
      { title: 'y', body: 'q' },
    ];
    expect(differencesOf([{ channel: 'ops' }, { title: 'z', body: 'w' }], sent)).toEqual([
      '1: expected, but not sent: {"title":"z","body":"w"}; the nearest was ops: "z" "q": body is "q", and should be "w"',
    ]);
  });

  it('and unexpected and missing messages are listed', () => {
    expect(differencesOf([{ channel: 'mail' }], [{ title: 'a', body: 'b', status: 'resolved' }])).toEqual([
      '0: expected, but not sent: {"channel":"mail"}',
      '-: sent, but not expected: ops: "a" "b" (resolved)',
    ]);
    expect(differencesOf([], [])).toEqual([]);
    expect(differencesOf([{ title: 'a' }, { title: 'a' }], [{ title: 'a' }])).toEqual([
      '1: expected, but not sent: {"title":"a"}',
    ]);
  });

  it('and a long body is shortened, and only the first 20 unexpected messages are listed', () => {
    const lines = differencesOf(
      [],
      [...Array(25).keys()].map((n) => ({ title: `t${n}`, body: 'x'.repeat(500) })),
    );
    expect(lines).toHaveLength(21);
    expect(lines[19]).toBe(`-: sent, but not expected: ops: "t19" "${'x'.repeat(80)}..."`);
    expect(lines[20]).toBe('-: and 5 more were sent, but not expected');
  });
});

it('the assignment has the least cost of all assignments', () => {
  const matrix = fc.integer({ min: 1, max: 5 }).chain((rows) =>
    fc.integer({ min: rows, max: 6 }).chain((columns) =>
      fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    ),
  );
  fc.assert(
    fc.property(matrix, (costs) => {
      const chosen = minimalAssignment(costs);
      expect(new Set(chosen).size).toBe(costs.length);
      expect(chosen.reduce((sum, column, row) => sum + costs[row]![column]!, 0)).toBe(leastOf(costs, 0, new Set()));
    }),
  );
});

function leastOf(costs: readonly (readonly number[])[], row: number, taken: ReadonlySet<number>): number {
  if (row === costs.length) return 0;
  const ways = costs[row]!.map((cost, column) =>
    taken.has(column) ? Number.POSITIVE_INFINITY : cost + leastOf(costs, row + 1, new Set([...taken, column])),
  );
  return Math.min(...ways);
}
