import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { expectRefused, NO_WATCH, reloadWith, ruleWith, withdraw } from '../support/reload.ts';
import type { Target } from '../support/target.ts';

const attack = attacksOn({ daemon: NO_WATCH });

interface Shown {
  readonly title: string;
  readonly body: string;
}

const quoted = (text: string): string => JSON.stringify(text);

/** Renders a message for an event, and resolves to what the receiver got. */
async function shownBy(target: Target, title: string, data: unknown, body = 'body'): Promise<Shown> {
  const rule = ruleWith(
    `match: { type: attack.event }\n    message: { title: ${quoted(title)}, body: ${quoted(body)} }`,
  );
  expect([title, body, (await reloadWith(target, rule)).ok]).toEqual([title, body, true]);
  const from = target.receiver.got.length;
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const { status } = await target.home.call(
    'POST',
    '/v1/events?wait=60s',
    `{ "type": "attack.event", "data": ${text} }`,
  );
  expect([status, target.receiver.got.length]).toEqual([200, from + 1]);
  return target.receiver.got[from]!;
}

const bodyOf = async (target: Target, body: string, data: unknown): Promise<string> =>
  (await shownBy(target, 'title', data, body)).body;

attack('F1', async (target) => {
  await expectRefused(target, [
    [ruleWith(`message: { title: ${quoted('{{ constructor.constructor("return process")() }}')} }`), 'value.template'],
  ]);
  for (const path of [
    'data.__proto__',
    'data.constructor',
    'data.toString',
    'data.x.constructor.name',
    'data["__proto__"]["toString"]',
    'this',
    'event.constructor',
    'rule.constructor',
  ]) {
    const { title } = await shownBy(target, `{{ ${path} }}`, { x: 'text' });
    expect([path, title]).toEqual([path, expect.stringMatching(/^\[template error: undefined variable: /)]);
  }
  const own =
    '{ "__proto__": { "polluted": "own" }, "constructor": { "name": "own" }, "a": { "__proto__": { "b": "own" } } }';
  expect(await shownBy(target, '{{ data.constructor.name }} {{ data | json }}', own)).toMatchObject({
    title: expect.stringContaining('"__proto__":{"polluted":"own"}'),
  });
  expect((await shownBy(target, '{{ data.polluted | default: "clean" }}', '{}')).title).toBe('clean');
  await withdraw(target);
});

attack('F2', async (target) => {
  const text = '{{ 6 | times: 7 }} {% raw %} ${env:HOME} ${file:/etc/passwd} {{ data.x }}';
  const { title, body } = await shownBy(target, '{{ data.x }}', { x: text }, '{{ data.x | append: "!" }}');
  expect([title, body]).toEqual([text, `${text}!`]);
  await withdraw(target);
});

attack('F3', async (target) => {
  for (const path of [
    'env.HOME',
    'process.env',
    'secrets.x',
    'global.process',
    'settings.url',
    'channel.url',
    'daemon.tokens',
  ]) {
    const { title } = await shownBy(target, `{{ ${path} }}`, {});
    expect([path, title]).toEqual([path, expect.stringMatching(/^\[template error: undefined variable: /)]);
  }
  await withdraw(target);
});

const MILLIONS = '(1..1000000)';

attack('F4', async (target) => {
  const loops = [
    `{% for i in ${MILLIONS} %}{% for j in ${MILLIONS} %}{% endfor %}{% endfor %}`,
    `{% for i in ${MILLIONS} %}{{ i }}{% endfor %}`,
    '{% for i in data.l %}{% for j in data.l %}{% for k in data.l %}{% endfor %}{% endfor %}{% endfor %}',
    '{% assign a = "x" %}{% for i in (1..40) %}{% assign a = a | append: a %}{% endfor %}{{ a }}',
    '{% tablerow i in (1..1000000) %}{{ i }}{% endtablerow %}',
    '{% for i in (1..100000000000) %}{% endfor %}',
    `{% capture x %}{% for i in ${MILLIONS} %}xxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endcapture %}{{ x }}`,
  ];
  for (const loop of loops) {
    const body = await bodyOf(target, loop, { l: Array(2000).fill(1) });
    expect([loop, body]).toEqual([loop, expect.stringContaining('[template error: ')]);
    expect(body.length).toBeLessThan(70_000);
  }
  await expectRefused(target, [
    [
      ruleWith(`message: { title: ${quoted('{% if a %}'.repeat(3000) + '{% endif %}'.repeat(3000))} }`),
      'value.template',
    ],
  ]);
});

attack('F5', async (target) => {
  const x = 'a'.repeat(200_000);
  const nearly = `${'a'.repeat(50_000)}b${'a'.repeat(50_000)}`;
  const growing = [
    '{{ data.x | replace: "a", data.x }}',
    '{{ data.x | split: "" | join: data.x }}',
    '{{ data.d | date: data.wide }}',
    `{{ data.x ${'| append: data.x '.repeat(500)} }}`,
    '{% for i in data.l %}{% if data.x contains i %}{% endif %}{% endfor %}',
  ];
  const data = { x, nearly, d: '2026-01-01', wide: '%99999999d', l: Array(9000).fill('ab') };
  for (const template of growing)
    expect([template.slice(0, 60), await bodyOf(target, template, data)]).toEqual([
      template.slice(0, 60),
      expect.stringContaining('[template error: '),
    ]);
  for (const filter of ['split', 'remove', 'remove_first', 'remove_last', 'replace', 'replace_first'])
    expect([filter, await bodyOf(target, `{{ data.x | ${filter}: data.nearly | size }}`, data)]).toEqual([
      filter,
      filter === 'split' ? '1' : '200000',
    ]);
  expect(await bodyOf(target, '{% if data.x contains data.nearly %}yes{% else %}no{% endif %}', data)).toBe('no');
  expect(await bodyOf(target, '{{ data.x | escape | url_encode | strip_html | upcase }}', data)).toMatch(
    /^A{65000,65536} … \(\d+ more characters\)$/,
  );
  await withdraw(target);
});

attack('F6', async (target) => {
  const { title, body } = await shownBy(
    target,
    '[{{ data.none.deep }}]',
    { id: 4711 },
    '{{ subject }}{{ data.none | default: "-" }}',
  );
  expect(title).toMatch(/^\[template error: undefined variable: data\.none\] \{"id":/);
  expect([title.includes('4711'), /undefined(?! variable)/.test(title + body), body]).toEqual([true, false, '-']);
  await withdraw(target);
});

attack('F7', async (target) => {
  const { title, body } = await shownBy(
    target,
    '{{ data.o }}|{{ data.a }}|{{ data.n }}|{{ data.t }}|{{ data.d }}',
    { o: { a: 1 }, a: [1, [2]], n: null, t: true, d: 1.5, big: 'x'.repeat(900_000) },
    '{{ data.big }}',
  );
  expect(title).toBe('{"a":1}|[1,[2]]||true|1.5');
  expect(body).toMatch(/^x{65000,65536} … \(\d+ more characters\)$/);
  await withdraw(target);
});

attack('F8', async (target) => {
  const tags = [
    '{% include "../../etc/passwd" %}',
    '{% render "/etc/passwd" %}',
    '{% layout "/etc/passwd" %}',
    '{% include data.x %}',
    '{% block a %}{% endblock %}',
  ];
  await expectRefused(
    target,
    tags.map((tag) => [ruleWith(`message: { title: ${quoted(tag)} }`), 'value.template']),
  );
});
