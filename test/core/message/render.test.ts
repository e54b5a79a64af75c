import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import { escapeFor } from '../../../daemon/core/message/escape.ts';
import type { Json } from '../../../daemon/core/values/json.ts';
import { type RenderedMessage, renderMessage } from '../../../daemon/core/message/render.ts';
import type { MessageTemplates, Template } from '../../../daemon/core/ruleset.ts';
import { compileTemplate } from '../../../daemon/core/message/template.ts';

function t(source: string): Template {
  const compiled = compileTemplate(source);
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.template;
}

function event(data: Json, more: Record<string, Json> = {}): Event {
  return { id: '1', source: 'api', type: 'backup.failed', time: '2026-11-23T08:00:00Z', data, ...more };
}

function render(templates: MessageTemplates, data: Json = null, scope: Record<string, unknown> = {}): RenderedMessage {
  return renderMessage(templates, { event: event(data, { subject: 'db' }), ...scope }, escapeFor);
}

test('a rule without a message gets a readable default from the event', () => {
  const { message, errors } = render({}, { host: 'db1', disk: { free: 0, names: ['a', 'b'] }, note: null });
  expect(message).toEqual({
    title: 'backup.failed: db',
    body: 'host: db1\ndisk.free: 0\ndisk.names: ["a","b"]',
    format: 'text',
    priority: 'normal',
    tags: [],
  });
  expect(errors).toEqual([]);
});

test('without a subject the title names the source', () => {
  expect(renderMessage({}, { event: event('plain words') }, escapeFor).message).toMatchObject({
    title: 'backup.failed (api)',
    body: 'plain words',
  });
});

test('every field is rendered', () => {
  const templates: MessageTemplates = {
    title: t('{{ data.a }}'),
    body: t('b {{ data.a }}'),
    format: 'markdown',
    priority: t('{{ data.p }}'),
    tags: [t('{{ data.a }}'), t('{{ data.none | default: "" }}')],
    link: t('https://x.example/{{ data.a }}'),
    image: t('https://x.example/i.png'),
    actions: [{ label: t('Open {{ data.a }}'), url: t('https://x.example/o') }],
    fields: { A: t('{{ data.a }}') },
    mention: [t('{{ data.a }}')],
    attach: [t('/tmp/{{ data.a }}')],
    replace_key: t('k-{{ data.a }}'),
    ttl: '1h',
    to: [t('{{ data.a }}@x.example')],
  };
  expect(render(templates, { a: 'A', p: 'high' })).toEqual({
    errors: [],
    message: {
      title: 'A',
      body: 'b A',
      format: 'markdown',
      priority: 'high',
      tags: ['A'],
      link: 'https://x.example/A',
      image: 'https://x.example/i.png',
      actions: [{ label: 'Open A', url: 'https://x.example/o' }],
      fields: { A: 'A' },
      mention: ['A'],
      attach: ['/tmp/A'],
      replace_key: 'k-A',
      ttl: '1h',
      to: ['A@x.example'],
    },
  });
});

test('a template that fails leaves the error and the event in its field, and the message is sent', () => {
  const { message, errors } = render({ title: t('T'), body: t('{{ data.nope }}') }, { host: 'db1' });
  expect(message.title).toBe('T');
  expect(message.body).toMatch(/^\[template error: undefined variable: data\.nope\] \{.*"host":"db1"/);
  expect(errors).toEqual(['body: undefined variable: data.nope']);
});

test('a failing template is escaped like everything else that comes from an event', () => {
  const { message } = render({ format: 'html', body: t('{{ data.nope }}') }, { x: '<img src=x>' });
  expect(message.body).not.toContain('<img');
});

test('values are escaped for the format and the template is not', () => {
  const { message } = render(
    { format: 'html', title: t('<b>{{ data.x }}</b>'), body: t('{{ data.x }}') },
    { x: '<i>&' },
  );
  expect(message).toMatchObject({ title: '<b>&lt;i&gt;&amp;</b>', body: '&lt;i&gt;&amp;' });
});

test('the message made from an event is escaped too', () => {
  expect(render({ format: 'html' }, { x: '<i>' }).message.body).toBe('x: &lt;i&gt;');
  expect(render({ format: 'markdown' }, { x: '[a](b)' }).message.body).not.toContain('[a](b)');
});

test('fields of one line cannot contain line breaks', () => {
  const hostile = { x: 'a\r\nBcc: all@x.example\u0000\u2028z' };
  const of = (field: keyof MessageTemplates) =>
    render({ [field]: field === 'mention' || field === 'tags' ? [t('{{ data.x }}')] : t('{{ data.x }}') }, hostile)
      .message;
  for (const message of [of('title'), of('replace_key'), of('mention'), of('tags')]) {
    expect(JSON.stringify({ ...message, body: '' })).not.toMatch(/\\[rn]|\\u0000|\u2028/);
  }
});

test.each([
  ['javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['file:///etc/passwd', false],
  ['nonsense', false],
  ['https://x.example/a', true],
  ['http://10.0.0.1:8080/', true],
  ['mailto:a@x.example', true],
])('the link %s is kept: %s', (address, kept) => {
  const { message, errors } = render({ link: t('{{ data.x }}') }, { x: address });
  expect(message.link).toBe(kept ? address : undefined);
  expect(errors).toHaveLength(kept ? 0 : 1);
});

test('an action with an invalid address is left out and reported', () => {
  const actions = [
    { label: t('a'), url: t('javascript:x') },
    { label: t('b'), url: t('https://x.example') },
  ];
  const { message, errors } = render({ actions });
  expect(message.actions).toEqual([{ label: 'b', url: 'https://x.example' }]);
  expect(errors).toHaveLength(1);
});

test('an unknown priority becomes normal, and is reported', () => {
  expect(render({ priority: t('{{ data.p }}') }, { p: 'severe' })).toMatchObject({
    message: { priority: 'normal' },
    errors: [expect.stringContaining('severe')],
  });
  expect(render({ priority: t('{{ data.p | default: "" }}') }, {})).toMatchObject({
    message: { priority: 'normal' },
    errors: [],
  });
});

test('if recipients fail to render, the channel uses its own ones', () => {
  const { message, errors } = render({ to: [t('{{ data.nope }}')], mention: [t('')] }, {});
  expect(message).not.toHaveProperty('to');
  expect(message).not.toHaveProperty('mention');
  expect(errors).toEqual(['to: undefined variable: data.nope']);
});

test('the number of suppressed events is shown, by the templates of the rule if they use it', () => {
  const suppressed = { suppressed: 3 };
  expect(render({}, null, suppressed).message.body).toBe('(3 more like this were suppressed)');
  expect(render({ body: t('B') }, null, suppressed).message.body).toBe('B\n\n(3 more like this were suppressed)');
  expect(render({ body: t('mail suppressed') }, null, suppressed).message.body).toContain('(3 more');
  expect(render({ body: t('{{ data }}, suppressed: {{ 1 }}') }, 'x', suppressed).message.body).toContain('(3 more');
  expect(render({ body: t('B and {{ suppressed }}') }, null, suppressed).message.body).toBe('B and 3');
  expect(
    render({ title: t('{% if suppressed > 0 %}+{{ suppressed }}{% endif %}'), body: t('B') }, null, suppressed).message,
  ).toMatchObject({ title: '+3', body: 'B' });
  expect(render({ body: t('B') }, null, { suppressed: 0 }).message.body).toBe('B');
  expect(render({ body: t('B') }, null, { suppressed: 1 }).message.body).toContain('(1 more like this was suppressed)');
});

test('no event loses its message', () => {
  const templates: MessageTemplates = {
    title: t('{{ data.a.b }}'),
    body: t('{% for x in data.l %}{{ x }}{% endfor %}'),
    fields: { F: t('{{ data.f }}') },
  };
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('text', 'markdown', 'html'), (data, format) => {
      for (const given of [{ format }, { ...templates, format }] as const) {
        const { message } = render(given, data as Json);
        expect(typeof message.title).toBe('string');
        expect(message.title).not.toMatch(/[\r\n]/);
        expect(typeof message.body).toBe('string');
      }
    }),
  );
});

test('a message is not lost for an event with endless nesting', () => {
  let deep: Json = 1;
  for (let level = 0; level < 50_000; level += 1) deep = { a: deep };
  expect(render({}, { host: 'db1', deep }).message.body).toContain('host: db1');
  expect(render({ body: t('{{ data.nope }}') }, { deep }).message.body).toContain('[template error');
});

test('a list of several events has the time of each, with the zone', () => {
  const at = (time: string): Event => ({ id: time, source: 's', type: 't', time, data: { n: 1 } });
  const events = [at('2026-11-23T09:00:00.123Z'), at('2026-11-23T09:00:00+08:00')];
  const { message } = renderMessage({}, { event: events[1]!, events, count: 2 }, (text) => text);
  expect(message.body).toBe('2026-11-23 09:00:00Z t (s): n: 1\n2026-11-23 09:00:00+08:00 t (s): n: 1');
});

const long = (length: number): string => 'x'.repeat(length);

test('a field that is too long is truncated with a mark that says how much is missing', () => {
  for (const source of ['{{ data.log }}', '{{ data.log | upcase | downcase }}']) {
    const { message, errors } = render(
      { title: t('full'), body: t(source), fields: { log: t(source) } },
      { log: long(70_000) },
    );
    expect(errors).toEqual([]);
    for (const text of [message.body, message.fields!.log!]) {
      const [, kept, left] = /^(x+) … \((\d+) more characters\)$/.exec(text)!;
      expect(text.length).toBeLessThanOrEqual(65_536);
      expect(kept!.length + Number(left)).toBe(70_000);
    }
  }
  expect(render({ title: t('{{ data.log }}') }, { log: long(65_536) }).message.title).toBe(long(65_536));
});

test.each([
  ['a family', '👨‍👩‍👧‍👦'],
  ['an accent of its own', 'e\u0301'],
  ['a flag', '🇨🇳'],
  ['what takes two units', '𝒳'],
])('is not truncated within %s', (_what, cluster) => {
  const { message } = render({ body: t('{{ data.log }}') }, { log: cluster.repeat(40_000) });
  const kept = message.body.replace(/ … \(\d+ more characters\)$/, '');
  expect(kept.length).toBeGreaterThan(65_000);
  expect(kept.length % cluster.length).toBe(0);
});

test('markup is not truncated within a link or a tag', () => {
  const link = '[words](https://example.com/page) ';
  const { message } = render({ format: 'markdown', body: t('{{ data.log | raw }}') }, { log: link.repeat(3000) });
  expect(message.body).toMatch(/^(?:\[words\]\(https:\/\/example\.com\/page\) )+ … \(\d+ more characters\)$/);
});

test('a template that takes too long shows its output up to the limit', () => {
  const { message, errors } = render(
    { body: t('{% for i in data.l %}{{ i | modulo: 2 }}{% endfor %}') },
    { l: Array.from({ length: 30_000 }, (_, index) => index) },
  );
  expect(message.body).toMatch(/^(?:01){10000,}0? … \[template error: it takes more than 50000 steps to render\]$/);
  expect(errors).toEqual(['body: it takes more than 50000 steps to render']);
});

test('a field that is not shown is left out if it is too long', () => {
  const { message, errors } = render({ link: t('https://example.com/{{ data.log }}') }, { log: long(70_000) });
  expect(message).not.toHaveProperty('link');
  expect(errors).toEqual(['link: it is longer than 65536 characters']);
});

test('the raw event of a failed field and a long line of a default message are truncated with a mark', () => {
  const { message } = render({ title: t('{{ data.no }}') }, { log: long(3000) });
  expect(message.title).toMatch(/^\[template error: undefined variable: data\.no\] \{.*x+ … \(\d+ more characters\)$/);
  expect(message.body).toMatch(/^log: x+ … \(\d+ more characters\)$/);
  expect(message.body.length).toBe(500);
});

test('a default message says how many further values there are', () => {
  const data = (count: number): Json =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
  expect(render({}, data(50)).message.body).toMatch(/\n\.\.\. and 30 more$/);
  expect(render({}, data(5000)).message.body).toMatch(/\n\.\.\. and more than 180 more$/);
});

test('a recipient is passed on unchanged, so that the channel can refuse several in one', () => {
  const { message, errors } = render(
    { to: [t('{{ data.to }}'), t('bob\n')] },
    { to: ' ops@x.test\r\nBcc: evil@x.test\n' },
  );
  expect(message.to).toEqual(['ops@x.test\r\nBcc: evil@x.test', 'bob']);
  expect(errors).toEqual([]);
});

test.each([
  ['to', '*'],
  ['to', '@all'],
  ['mention', 'all'],
  ['mention', '@All'],
  ['mention', '@@everyone'],
  ['mention', 'user:all'],
  ['mention', 'user:@all'],
  ['mention', '所有人'],
])(
  'in `%s` %s reaches everybody when it is written in the rule, and nobody when it comes from an event',
  (field, word) => {
    const written = (source: string) => render({ [field]: [t(source)] }, { word, is: true }).message[field as 'to'];
    expect(written(word)).toEqual([word]);
    expect(written(`{%- if data.is -%}${word}{% else %}ann{% endif %}`)).toEqual([word]);
    for (const source of [
      '{{ data.word }}',
      ' {{ data.word }} ',
      `${word.slice(0, -1)}{{ data.word | slice: -1 }}`,
      `${word}{{ data.nothing | default: "" }}`,
      '{% assign w = data.word %}{{ w }}',
      '{% echo data.word %}',
      '{%- liquid echo data.word -%}',
      '{% cycle data.word, "x" %}',
      '{% if data.is %}{{ data.word }}{% endif %}',
    ])
      expect(written(source), source).toEqual([`\\${word}`]);
  },
);
