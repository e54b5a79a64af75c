import { expect, test } from 'vitest';
import { compileTemplate } from '../../../daemon/core/message/template.ts';
import type { Json } from '../../../daemon/core/values/json.ts';

function render(source: string, data: Json): object {
  const compiled = compileTemplate(source);
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.template.render({ event: { id: '1', source: 's', type: 't', time: '', data }, rule: 'r' });
}

const LONG = 'a'.repeat(400_000);
/** Occurs in `LONG` nearly everywhere. */
const NEARLY = `${'a'.repeat(100_000)}b${'a'.repeat(100_000)}`;

test.each([
  ['{% if data.text contains data.part %}yes{% endif %}', ''],
  ['{{ data.text | split: data.part | size }}', '1'],
  ['{{ data.text | remove: data.part | size }}', '400000'],
  ['{{ data.text | remove_first: data.part | size }}', '400000'],
  ['{{ data.text | remove_last: data.part | size }}', '400000'],
  ['{{ data.text | replace: data.part, "x" | size }}', '400000'],
  ['{{ data.text | replace_first: data.part, "x" | size }}', '400000'],
  ['{{ data.text | replace_last: data.part, "x" | size }}', '400000'],
])('%s takes no longer for texts that nearly match everywhere', (source, text) => {
  // The engine's own searches take five to seventeen seconds for these texts.
  expect(render(source, { text: LONG, part: NEARLY })).toEqual({ text });
});

test.each<[string, Json]>([
  ['{% for i in data.list %}{% if data.text contains i %}{% endif %}{% endfor %}', { list: Array(9000).fill('ab') }],
  ['{% for i in data.list %}{% if data.list contains "x" %}{% endif %}{% endfor %}', { list: Array(9000).fill('ab') }],
])('%s is stopped after a number of steps', (source, data) => {
  expect(render(source, { ...(data as object), text: LONG })).toMatchObject({
    error: 'it takes more than 50000 steps to render',
  });
});

test('a replacement that would not fit in memory is refused', () => {
  const part = 'a'.repeat(100);
  const data = { text: LONG, part, long: 'x'.repeat(300_000) };
  expect(render('{{ data.text | replace: data.part, data.long | size }}', data)).toMatchObject({
    error: 'memory alloc limit exceeded',
  });
});

test('searches in long texts give what the engine gives for short ones', () => {
  const sep = '-'.repeat(2000);
  const data = { text: `one${sep}two${sep}three${sep}${sep}`, sep };
  expect(render('{{ data.text | split: data.sep | join: "," }}', data)).toEqual({ text: 'one,two,three' });
  expect(render('{{ data.text | replace: data.sep, "+" }}', data)).toEqual({ text: 'one+two+three++' });
  expect(render('{{ data.text | remove: data.sep }}', data)).toEqual({ text: 'onetwothree' });
  expect(render('{{ data.text | replace_first: data.sep, "$&" | replace: data.sep, "" }}', data)).toEqual({
    text: 'one$&twothree',
  });
  expect(render('{% if data.text contains data.sep %}yes{% endif %}', data)).toEqual({ text: 'yes' });
});
