import { expect, test } from 'vitest';
import type { Event } from '../../daemon/core/event.ts';
import { compileTemplate } from '../../daemon/core/template.ts';
import type { Json } from '../../daemon/core/json.ts';

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

test('what is not there is an error that names it', () => {
  expect(render('{{ data.nope }}', {}).error).toContain('data.nope');
});

test.each([['{{ data.x | nofilter }}'], ['{% nosuchtag %}'], ['{% if x %}'], ['{{ data.x']])('%s is refused with its place', (source) => {
  const compiled = compileTemplate(`line\n${source}`);
  expect(compiled).toMatchObject({ ok: false, line: 2 });
});

test.each([['{% layout "package.json" %}'], ['{% include "package.json" %}'], ['{% render "package.json" %}']])('%s reads no file', (source) => {
  const compiled = compileTemplate(source);
  const text = compiled.ok ? compiled.template.render({ event: { id: '1', source: 's', type: 't', time: '', data: null } }) : { text: '', error: 'refused' };
  expect(text).toMatchObject({ text: '', error: expect.any(String) });
});

test('what would render for ever or without end is stopped', () => {
  expect(render('{% for i in (1..100000000) %}x{% endfor %}', null).error).toBeDefined();
  expect(render('{% assign s = "xxxxxxxxxx" %}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}{{ s }}', null).error).toBeDefined();
});

test('nothing of the prototype is reachable', () => {
  expect(render('{{ data.constructor }}', {}).error).toBeDefined();
  expect(render('{{ data.a.__proto__ }}', { a: {} }).error).toBeDefined();
});
