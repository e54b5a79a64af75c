import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Home } from '../../support/daemon.ts';

/** 2^53 + 1 and its neighbour, which are the same number in JavaScript. */
const ID = '9007199254740993';
const NEIGHBOUR = '9007199254740992';
const KEYS = `{"type":"t","data":{"id":${ID}}}`;

let home: Home;

beforeEach(async () => {
  home = await Home.make();
  await home.rules(`
sources:
  hook: { type: webhook, path: /hooks/hook, event: { id: "{{ body.id }}" } }
  tick: { type: schedule, every: 1h, data: { id: ${ID} } }
channels:
  out: { type: file, path: ${home.path('out.jsonl')} }
rules:
  - { name: same, match: { data.id: ${ID} }, key: "{{ data.id }}", dedupe: 1h, message: { title: "{{ data.id }}" }, notify: out }
  - { name: larger, match: { data.id: { gt: ${NEIGHBOUR} } }, notify: out }
  - { name: cel, if: data.id == ${ID}, notify: out }
`);
});

afterEach(() => home.close());

interface Outcomes {
  readonly outcomes: Readonly<Record<string, string>>;
  readonly event: { readonly data: unknown };
}

const outcomesOf = async (id: string): Promise<Outcomes> =>
  (await home.call<Outcomes>('GET', `/v1/events/${encodeURIComponent(id)}`)).body;

async function posted(body: string, type: string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await home.call<{ events: { id: string }[] }>('POST', '/v1/events', body, {
    'content-type': type,
    ...headers,
  });
  expect(answer.status).toBe(202);
  return answer.body.events.at(-1)!.id;
}

const cloudEvent = (id: string): string =>
  `{"specversion":"1.0","id":"${id}","source":"/s","type":"t","data":{"id":${ID}}}`;

/** Ways to send an event with the number; each returns the id of the event. */
const DOORS: Readonly<Record<string, () => Promise<string>>> = {
  'one event': () => posted(KEYS, 'application/json'),
  'a list': () => posted(`[{"type":"other"},${KEYS}]`, 'application/json'),
  NDJSON: () => posted(`{"type":"other"}\n${KEYS}\n`, 'application/x-ndjson'),
  'a structured CloudEvent': () => posted(cloudEvent('a'), 'application/cloudevents+json'),
  'a batch of CloudEvents': () => posted(`[${cloudEvent('b')}]`, 'application/cloudevents-batch+json'),
  'a binary CloudEvent': () =>
    posted(`{"id":${ID}}`, 'application/json', {
      'ce-specversion': '1.0',
      'ce-id': 'c',
      'ce-source': '/s',
      'ce-type': 't',
    }),
  'a CloudEvent with data_base64': () =>
    posted(
      JSON.stringify({
        specversion: '1.0',
        id: 'd',
        source: '/s',
        type: 't',
        datacontenttype: 'application/json',
        data_base64: Buffer.from(`{"id":${ID}}`).toString('base64'),
      }),
      'application/cloudevents+json',
    ),
  'a webhook': async () => {
    const answer = await home.call<{ id: string }>('POST', '/hooks/hook', `{"id":${ID}}`);
    return answer.body.id;
  },
  'emit --data': async () => {
    const { stdout } = await home.belfry(['emit', 't', '--data', `{"id":${ID}}`]);
    return stdout.trim();
  },
  'emit --data of a file': async () => {
    await writeFile(home.path('data.json'), `{"id":${ID}}`);
    const { stdout } = await home.belfry(['emit', 't', '--data', '@data.json']);
    return stdout.trim();
  },
  'emit KEY=VALUE': async () => {
    const { stdout } = await home.belfry(['emit', 't', `id=${ID}`]);
    return stdout.trim();
  },
};

describe('an integer beyond 2^53 keeps its digits', () => {
  it('from every source, for match, keys, conditions and templates', async () => {
    await home.start();
    for (const [door, enter] of Object.entries(DOORS)) {
      const { event, outcomes } = await outcomesOf(await enter());
      expect([door, event.data]).toEqual([door, { id: ID }]);
      expect([door, Object.keys(outcomes).toSorted()]).toEqual([door, ['cel', 'larger', 'same']]);
      expect([door, outcomes.same]).toEqual([door, door === 'one event' ? 'notified' : 'deduplicated']);
    }
    const written = await readFile(home.path('out.jsonl'), 'utf8');
    expect(written.split('\n').filter((line) => line.includes(`"title":"${ID}"`))).toHaveLength(1);
  });

  it('so that two webhooks whose ids differ in the last digit are two events', async () => {
    await home.start();
    const ids = [ID, NEIGHBOUR, ID].map(async (id) => {
      const answer = await home.call<{ id: string }>('POST', '/hooks/hook', `{"id":${id}}`);
      return answer.body;
    });
    const answers = await Promise.all(ids);
    expect(answers.map(({ id }) => id)).toEqual([ID, NEIGHBOUR, ID]);
    expect(answers.filter((answer) => (answer as { duplicate?: boolean }).duplicate)).toHaveLength(1);
  });

  it('in the inbox, in an event to explain, in a silence and in the data of a schedule', async () => {
    await mkdir(home.path('state', 'inbox'), { recursive: true });
    await writeFile(home.path('state', 'inbox', 'a.json'), `{"id":"a","type":"t","data":{"id":${ID}}}`);
    await home.start();
    expect((await outcomesOf('a')).event.data).toEqual({ id: ID });

    await writeFile(home.path('event.json'), KEYS);
    const explained = await home.belfry(['explain', 'event.json', '--json']);
    expect(JSON.parse(explained.stdout)).toMatchObject({ event: { data: { id: ID } } });

    const options = ['--for', '1h', '--reason', 'test', '--json'];
    const silenced = await home.belfry(['silence', 'add', '--match', `{"data.id":${ID}}`, ...options]);
    expect(JSON.parse(silenced.stdout)).toMatchObject({ match: { 'data.id': ID } });
    const body = `{"match":{"data.id":${NEIGHBOUR}},"for":"1h","reason":"test"}`;
    const { body: made } = await home.call('POST', '/v1/silences', body);
    expect(made).toMatchObject({ match: { 'data.id': NEIGHBOUR } });
    expect((await outcomesOf(await posted(KEYS, 'application/json'))).outcomes.larger).toBe('silenced');
  });
});
