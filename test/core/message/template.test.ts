import { expect, test } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import { compileTemplate } from '../../../daemon/core/message/template.ts';
import type { Json } from '../../../daemon/core/values/json.ts';

function render(source: string, data: Json, escape?: (text: string) => string): { text: string; error?: string } {
  const compiled = compileTemplate(source);
  if (!compiled.ok) throw new Error(compiled.message);
  const event: Event = { id: '1', source: 's', type: 't', time: '2026-11-23T08:00:00Z', data };
  return compiled.template.render({ event, rule: 'r' }, escape);
}

test.each<[string, Json, string]>([
  ['plain', null, 'plain'],
  ['{{ data.a }}', { a: 'x' }, 'x'],
  ['{{ event.data.a }} {{ type }} {{ rule }}', { a: 1 }, '1 t r'],
  ['{{ data.o }}', { o: { a: [1] } }, '{"a":[1]}'],
  ['{{ data.none | default: "-" }}', {}, '-'],
  ['{% if data.none %}a{% else %}b{% endif %}', {}, 'b'],
  ['{% for i in data.l %}{{ i }},{% endfor %}', { l: [1, 2] }, '1,2,'],
  ['{{ data.nil }}', { nil: null }, ''],
])('%s renders', (source, data, text) => {
  expect(render(source, data)).toEqual({ text });
});

test('values are escaped, the template is not, and raw opts out', () => {
  const shout = (text: string): string => text.toUpperCase();
  expect(render('a {{ data.x }} {{ data.x | raw }}', { x: 'b' }, shout).text).toBe('a B b');
  expect(render('a {{ data.x }}', { x: 'b' }).text).toBe('a b');
});

test('a missing value is an error that names it', () => {
  expect(render('{{ data.nope }}', {}).error).toContain('data.nope');
});

test.each([['{{ data.x | nofilter }}'], ['{% nosuchtag %}'], ['{% if x %}'], ['{{ data.x']])(
  '%s is refused with its position',
  (source) => {
    const compiled = compileTemplate(`line\n${source}`);
    expect(compiled).toMatchObject({ ok: false, offset: expect.any(Number) });
    expect((compiled as { readonly offset: number }).offset).toBeGreaterThanOrEqual('line\n'.length);
  },
);

test.each([
  ['{% layout "package.json" %}'],
  ['{% include "package.json" %}'],
  ['{% render "package.json" %}'],
  ['{% block a %}{% endblock %}'],
])('%s is refused when the rule is loaded', (source) => {
  expect(compileTemplate(source)).toMatchObject({ ok: false, message: expect.stringContaining('tag') });
});

test('a template that renders endlessly is stopped', () => {
  expect(render('{% for i in (1..100000000) %}x{% endfor %}', null).error).toBeDefined();
  expect(
    render('{% assign s = "xxxxxxxxxx" %}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}{{ s }}', null)
      .error,
  ).toBeDefined();
});

test('properties of the prototype are not reachable', () => {
  expect(render('{{ data.constructor }}', {}).error).toBeDefined();
  expect(render('{{ data.a.__proto__ }}', { a: {} }).error).toBeDefined();
});

test('a missing subject and a missing `resolved_after` render to an empty text', () => {
  expect(render('{{ source }}|{{ type }}|{{ subject }}', null)).toEqual({ text: 's|t|' });
  expect(render('[{{ resolved_after }}]', null)).toEqual({ text: '[]' });
});

test('`now` is the time of the decision', () => {
  const compiled = compileTemplate('{{ "now" | date: "%Y-%m-%d %H:%M", "Asia/Shanghai" }}');
  if (!compiled.ok) throw new Error(compiled.message);
  const event: Event = { id: '1', source: 's', type: 't', time: '2026-11-23T08:00:00Z', data: null };
  const at = (now: string) => compiled.template.render({ event, now });
  expect(at('2031-01-01T00:00:00Z')).toEqual({ text: '2031-01-01 08:00' });
  expect(at('2032-01-01T00:00:00Z')).toEqual({ text: '2032-01-01 08:00' });
});

test('months have English names, whatever the language of the machine', () => {
  expect(render('{{ "2026-11-23T08:00:00Z" | date: "%B", "UTC" }}', null).text).toBe('November');
});

test.each([['sample'], ['shuffle']])('the random filter `%s` is refused when the rule is loaded', (filter) => {
  expect(compileTemplate(`{{ data.l | ${filter} }}`)).toMatchObject({ ok: false });
});

test('a render has a limit of steps, not of time, so that a busy machine does not change a message', () => {
  const loops = (n: number): string =>
    `{% for a in (1..${n}) %}{% for b in (1..${n}) %}{{ '' }}{% endfor %}{% endfor %}x`;
  expect(render(loops(150), {}).text).toBe('x');
  expect(render(loops(300), {})).toEqual({
    text: '',
    error: expect.stringContaining('more than 50000 steps'),
    isBeginning: true,
  });
  expect(render(`a{% for i in (1..60000) %}b{% endfor %}`, {}).text).toMatch(/^ab{20000,}$/);
});

test('output has no limit of length', () => {
  for (const source of ['{{ data.x }}', '{{ data.x | upcase | downcase }}'])
    expect(render(source, { x: 'y'.repeat(1_048_576) })).toEqual({ text: 'y'.repeat(1_048_576) });
});

test('a render keeps its own escape function when another one runs within it', () => {
  const outer = (text: string): string =>
    `<${render('{{ data.x }}', { x: text }, (inner) => inner.toUpperCase()).text}>`;
  expect(render('{{ data.a }} {{ data.b }}', { a: 'a', b: 'b' }, outer).text).toBe('<A> <B>');
});

test('a template does not throw for any event', () => {
  let deep: Json = 1;
  for (let level = 0; level < 50_000; level += 1) deep = [deep];
  expect(render('{{ data.deep }}', { deep }).error).toBeDefined();
});
