import { expect, test, vi } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { type Got, openReceiver, type Receiver } from '../../support/receiver.ts';

const SECOND = 1000;
const ALWAYS = '{ from: "00:00", to: "24:00", timezone: UTC }';

/** One hour of the day, six hours from now. */
function notNow(): string {
  const hour = (later: number): string => new Date(Date.now() + later * 3_600_000).toISOString().slice(11, 13);
  return `{ from: "${hour(6)}:00", to: "${hour(7)}:00", timezone: UTC }`;
}

/** Events are `{rule, state, n}`; `up` resolves `down`. */
const RULES: Readonly<Record<string, string>> = {
  'held-for': 'for: 4s, notify: ops',
  'held-for-later': 'for: 3s, notify: ops',
  digested: 'digest: { wait: 4s, every: 4s }, notify: ops',
  'digested-later': 'digest: { wait: 3s, every: 3s }, notify: ops',
  escalated: 'UP, notify: ops, escalate: [{ after: 2500ms, notify: boss }, { after: 5s, notify: chief }]',
  repeated: 'UP, notify: ops, repeat: 1500ms, notify_resolved: true',
  ended: 'resolve: { after: 3s }, notify: ops, notify_resolved: true',
  counted: 'threshold: { count: 3, within: 1m }, notify: ops',
  lapsed: 'threshold: { count: 2, within: 1s }, notify: ops',
  deduped: 'dedupe: 1m, notify: ops',
  throttled: 'throttle: { max: 1, per: 1m }, notify: ops',
  delayed: 'notify: [{ channel: ops, delay: 3s }]',
  nightly: 'during: shift, outside: hold, notify: ops',
  acked: 'UP, notify: ops, repeat: 3s, escalate: [{ after: 3s, notify: boss }], notify_resolved: true',
  quieted: 'UP, notify: ops, escalate: [{ after: 1s, notify: boss }]',
};

class Walk {
  readonly home: Home;
  readonly far: Receiver;
  /** End of the silence of `quieted`. */
  quietUntil = Date.now() + 3_600_000;

  constructor(home: Home, far: Receiver) {
    this.home = home;
    this.far = far;
  }

  async rules(shift: string): Promise<void> {
    const channels = ['ops', 'boss', 'chief'].map(
      (name) => `  ${name}: { type: webhook, url: "${this.far.origin}/${name}", delivery: { concurrency: 1 } }\n`,
    );
    const rules = Object.entries(RULES).map(([name, rule]) => {
      const more = rule.replace('UP', `resolve: { match: { data.rule: ${name}, data.state: up } }`);
      const message = 'message: { title: "{{ rule }}", body: "{% for e in events %}{{ e.data.n }}{% endfor %}" }';
      return `  - { name: ${name}, match: { data.rule: ${name}, data.state: down }, key: k, ${message}, ${more} }\n`;
    });
    const until = new Date(this.quietUntil).toISOString();
    await this.home.rules(
      `channels:\n${channels.join('')}hours: { shift: ${shift} }
silences: [{ match: { rule: quieted }, until: "${until}", reason: not yet }]\nrules:\n${rules.join('')}`,
    );
  }

  /** Resolves to the outcome of each event in its rule. */
  async post(...events: readonly (readonly [rule: string, n: number, state?: 'up'])[]): Promise<readonly string[]> {
    const { home } = this;
    const inputs = events.map(([rule, n, state = 'down']) => ({ type: 't', data: { rule, state, n } }));
    const { status, body } = await home.call<{ events: { id: string }[] }>('POST', '/v1/events', inputs);
    expect(status).toBe(202);
    const outcomes = body.events.map(async ({ id }, index) => {
      const answer = await home.call<{ outcomes: Record<string, string> }>('GET', `/v1/events/${id}`);
      return answer.body.outcomes[events[index]![0]]!;
    });
    return Promise.all(outcomes);
  }

  /** Received bodies in order, by `CHANNEL RULE STATUS`. */
  received(): Record<string, string[]> {
    const table: Record<string, string[]> = {};
    for (const { channel, rule, status, body } of this.far.deliveries())
      (table[`${channel} ${rule} ${status}`] ??= []).push(body);
    return table;
  }

  of(rule: string, channel = 'ops', status = 'firing'): readonly Got[] {
    return this.far.deliveries().filter((got) => got.rule === rule && got.channel === channel && got.status === status);
  }

  came(rule: string, channel = 'ops', status = 'firing', count = 1): Promise<void> {
    return this.far.until((got) => got.rule === rule && got.channel === channel && got.status === status, count);
  }
}

interface Trouble {
  /** Starts with the walk. Returns the function that ends it. */
  readonly all?: (walk: Walk) => () => Promise<void>;
  /** Runs twice during the walk, while all timers wait. */
  readonly amid: (walk: Walk) => Promise<void>;
}

async function restart(walk: Walk, end: 'kill' | 'stop'): Promise<void> {
  const code = await walk.home[end]();
  if (end === 'stop') expect(code).toBe(0);
  await walk.home.start();
}

/** Edits another rules file every 50 ms, which reloads each time. */
function reloads({ home }: Walk): () => Promise<void> {
  const stopped = new AbortController();
  const running = (async () => {
    for (let n = 1; !stopped.signal.aborted; n += 1) {
      await home.rules(`rules:\n  - { name: unrelated, match: { type: never-${n} }, notify: ops }\n`, 'others.yaml');
      const answer = await home.call<{ ok: boolean; generation: number }>('POST', '/v1/reload');
      expect(answer.body.ok).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { body } = await home.call<{ generation: number }>('GET', '/v1/status');
    expect(body.generation).toBeGreaterThan(10);
  })();
  return () => {
    stopped.abort();
    return running;
  };
}

const TROUBLES: readonly (readonly [string, Trouble])[] = [
  ['kill -9', { amid: (walk) => restart(walk, 'kill') }],
  ['SIGTERM', { amid: (walk) => restart(walk, 'stop') }],
  ['a reload every 50 ms', { all: reloads, amid: () => Promise.resolve() }],
];

async function passed(moment: number): Promise<void> {
  await vi.waitUntil(() => Date.now() >= moment, { timeout: 30_000, interval: 10 });
}

test.concurrent.each(TROUBLES)(
  'all that waits goes on when it is due, once and whole, through %s',
  async (name, { all, amid }) => {
    const far = await openReceiver();
    const walk = new Walk(await Home.make(), far);
    let over = (): Promise<void> => Promise.resolve();
    try {
      await walk.rules(notNow());
      await walk.home.start();
      over = all?.(walk) ?? over;
      const began = Date.now();
      expect(
        await walk.post(
          ['held-for', 1],
          ['digested', 1],
          ['digested', 2],
          ['escalated', 1],
          ['repeated', 1],
          ['ended', 1],
          ['counted', 1],
          ['counted', 2],
          ['lapsed', 1],
          ['deduped', 1],
          ['throttled', 1],
          ['delayed', 1],
          ['nightly', 1],
          ['nightly', 2],
          ['quieted', 1],
          ['acked', 1],
        ),
      ).toEqual([
        'waiting',
        'collected',
        'collected',
        'notified',
        'notified',
        'notified',
        'counting',
        'counting',
        'counting',
        'notified',
        'notified',
        'notified',
        'held',
        'held',
        'silenced',
        'notified',
      ]);
      const { status } = await walk.home.call('POST', '/v1/alerts/k/ack', { rule: 'acked' });
      expect(status).toBe(200);
      const posted = Date.now();
      await amid(walk);
      // Shorter waits end later than longer ones that began before, unless elapsed time was lost.
      await passed(posted + 1100);
      const outcomes = await walk.post(
        ['held-for-later', 1],
        ['digested-later', 1],
        ['counted', 3],
        ['lapsed', 2],
        ['deduped', 2],
        ['throttled', 2],
        ['digested', 3],
      );
      expect(outcomes.slice(0, 6)).toEqual([
        'waiting',
        'collected',
        'notified',
        'counting',
        'deduplicated',
        'throttled',
      ]);
      const opened = Date.now();
      walk.quietUntil = opened + 2 * SECOND;
      await walk.rules(ALWAYS);
      await amid(walk);
      await walk.came('repeated', 'ops', 'firing', 4);
      expect(await walk.post(['repeated', 2, 'up'], ['acked', 2, 'up'])).toEqual(['resolved', 'resolved']);
      await Promise.all([
        walk.came('held-for-later'),
        walk.came('digested-later'),
        far.until(({ rule, body }) => rule === 'digested' && body.includes('3')),
        walk.came('escalated', 'chief'),
        walk.came('repeated', 'ops', 'resolved'),
        walk.came('acked', 'ops', 'resolved'),
        walk.came('ended', 'ops', 'resolved'),
        walk.came('nightly', 'ops', 'firing', 2),
        walk.came('delayed'),
        walk.came('quieted', 'boss'),
      ]);
      await over();
      const audit = await walk.home.call<{ violations: string[] }>('GET', '/v1/audit');
      expect(audit.body.violations).toEqual([]);
      expect(await walk.home.stop()).toBe(0);

      const { 'ops repeated firing': repeats, 'ops digested firing': digests, ...others } = walk.received();
      expect(others).toEqual({
        'ops held-for firing': ['1'],
        'ops held-for-later firing': ['1'],
        'ops digested-later firing': ['1'],
        'ops escalated firing': ['1'],
        'boss escalated firing': ['1'],
        'chief escalated firing': ['1'],
        'ops repeated resolved': ['12'],
        'ops acked firing': ['1'],
        'ops acked resolved': ['12'],
        'ops ended firing': ['1'],
        'ops ended resolved': ['1'],
        'ops counted firing': ['123'],
        'ops deduped firing': ['1'],
        'ops throttled firing': ['1'],
        'ops delayed firing': ['1'],
        'ops nightly firing': ['1', '2'],
        'boss quieted firing': ['1'],
      });
      // The third may arrive when the first two are already due: then it is a separate message.
      expect(digests!.join('')).toBe('123');
      expect(digests![0]).toMatch(/^12/);

      const notBefore = (rule: string, channel: string, status: string, ms: number): void =>
        expect([rule, channel, Math.min(0, walk.of(rule, channel, status)[0]!.at - began - ms)]).toEqual([
          rule,
          channel,
          0,
        ]);
      notBefore('held-for', 'ops', 'firing', 4 * SECOND);
      notBefore('digested', 'ops', 'firing', 4 * SECOND);
      notBefore('escalated', 'boss', 'firing', 2500);
      notBefore('escalated', 'chief', 'firing', 5 * SECOND);
      notBefore('ended', 'ops', 'resolved', 3 * SECOND);
      notBefore('delayed', 'ops', 'firing', 3 * SECOND);
      notBefore('nightly', 'ops', 'firing', opened - began);
      notBefore('quieted', 'boss', 'firing', walk.quietUntil - began);
      for (const [index, { at }] of walk.of('repeated').entries())
        expect(at).toBeGreaterThanOrEqual(began + index * 1500);
      expect(repeats!.every((body) => body === '1')).toBe(true);

      const order = far.deliveries().map(({ rule, status }) => `${rule} ${status}`);
      const place = (what: string): number => order.indexOf(what);
      expect(place('held-for firing')).toBeLessThan(place('held-for-later firing'));
      expect(place('digested firing')).toBeLessThan(place('digested-later firing'));
      expect(order.slice(place('repeated resolved') + 1)).not.toContain('repeated firing');
      // Only a kill can leave the answer of an attempt unknown.
      if (name !== 'kill -9') expect(far.got).toHaveLength(far.deliveries().length);
    } finally {
      await over().catch(() => undefined);
      await walk.home.close();
      await far.close();
    }
  },
  60_000,
);
