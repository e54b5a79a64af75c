import { describe, expect, it } from 'vitest';
import { compileTemplate } from '../../../daemon/core/message/template.ts';

/** Written text, place of the mistake, correction, and the corrected whole. */
const MISTAKES: readonly (readonly [written: string, offset: number, mend: string, mended: string])[] = [
  ['{{ data.x | upper }}', 12, 'did you mean `upcase`?', '{{ data.x | upcase }}'],
  ['Disk of {{ data.x|upper }} full', 18, 'did you mean `upcase`?', 'Disk of {{ data.x|upcase }} full'],
  ['{{ data.x | lower | trim }}', 12, 'did you mean `downcase`?', '{{ data.x | downcase | strip }}'],
  ['{{ data.x | length }}', 12, 'did you mean `size`?', '{{ data.x | size }}'],
  ['{{ data.x | tojson }}', 12, 'did you mean `json`?', '{{ data.x | json }}'],
  ['{{ data.x | truncat: 5 }}', 12, 'did you mean `truncate`?', '{{ data.x | truncate: 5 }}'],
  ["{{ data.x | default('x') }}", 12, 'write `| filter: value`', "{{ data.x | default: 'x' }}"],
  ['{{ data.x | replace("a", "b") }}', 12, 'write `| filter: value`', '{{ data.x | replace: "a", "b" }}'],
  ["{{ data.x | date('%H:%M') }}", 12, 'write `| filter: value`', "{{ data.x | date: '%H:%M' }}"],
  ['{{ data.x | upper() }}', 12, 'did you mean `upcase`?', '{{ data.x | upcase }}'],
  ['{{ data.x | default "y" }}', 12, 'write `| filter: value`', '{{ data.x | default: "y" }}'],
  ['{{ data.x | round 2 }}', 12, 'write `| filter: value`', '{{ data.x | round: 2 }}'],
  ['{{ data.x.upper() }}', 9, 'write it behind a `|`', '{{ data.x | upcase }}'],
  ['{{ size(data.x) }}', 3, 'write it behind a `|`', '{{ data.x | size }}'],
  ['{{ data.x || "y" }}', 10, 'write `| default: ...`', '{{ data.x | default: "y" }}'],
  ['{{ data.x ? "a" : "b" }}', 0, 'write `{% if %}`', '{% if data.x %}a{% else %}b{% endif %}'],
  ['{{ data.x + 1 }}', 0, 'write `| plus: ...`', '{{ data.x | plus: 1 }}'],
  ['{{ data.x / data.y }}', 0, 'write `| divided_by: ...`', '{{ data.x | divided_by: data.y }}'],
  ['{{ $labels.x }}', 3, 'write it without', '{{ labels.x }}'],
  ['{{ “x” }}', 3, 'write `"..."`', '{{ "x" }}'],
  ['{{ data.x }', 0, 'close it with `}}`', '{{ data.x }}'],
  ['{{ data.x', 0, 'close it with `}}`', '{{ data.x }}'],
  ['a {{ data.x } b {{ data.y }}', 2, 'close it with `}}`', 'a {{ data.x }} b {{ data.y }}'],
  ['{% if data.x', 0, 'close it with `%}`', '{% if data.x %}{% endif %}'],
  ['{% if data.x %}a', 0, 'write `{% endif %}`', '{% if data.x %}a{% endif %}'],
  ['{% for a in data.l %}{{ a }}', 0, 'write `{% endfor %}`', '{% for a in data.l %}{{ a }}{% endfor %}'],
  ['{% if data.x %}a{% end %}', 16, 'write `{% endif %}`', '{% if data.x %}a{% endif %}'],
  [
    '{% if data.x %}a{% elif data.y %}b{% endif %}',
    16,
    'write `{% elsif`',
    '{% if data.x %}a{% elsif data.y %}b{% endif %}',
  ],
  [
    '{% if data.x %}a{% else if data.y %}b{% endif %}',
    16,
    'write `{% elsif`',
    '{% if data.x %}a{% elsif data.y %}b{% endif %}',
  ],
  ['{% set x = 1 %}{{ x }}', 0, 'write `{% assign`', '{% assign x = 1 %}{{ x }}'],
  ['{% if data.x && data.y %}a{% endif %}', 13, 'write `and`', '{% if data.x and data.y %}a{% endif %}'],
  ['{% if data.x || data.y %}a{% endif %}', 13, 'write `or`', '{% if data.x or data.y %}a{% endif %}'],
  ['{% if data.x = "a" %}a{% endif %}', 13, 'write `==`', '{% if data.x == "a" %}a{% endif %}'],
  ['{% if !data.x %}a{% endif %}', 6, 'write `not`', '{% if not data.x %}a{% endif %}'],
  ['{{#if data.x}}a{{/if}}', 0, 'write `{% if data.x %}`', '{% if data.x %}a{% endif %}'],
  ['{{#if data.x}}a{{else}}b{{/if}}', 0, 'write `{% if data.x %}`', '{% if data.x %}a{% else %}b{% endif %}'],
];

describe('a notation of another language', () => {
  it.each(MISTAKES)('%s: reported once, with the correction', (written, offset, mend, mended) => {
    const reported = {
      ok: false,
      offset,
      message: expect.any(String),
      mend: `${mend}${mend.endsWith('?') ? '' : ':'} \`${mended}\``,
    };
    expect(compileTemplate(written)).toEqual(reported);
    expect(compileTemplate(mended)).toMatchObject({ ok: true });
  });
});

it.each([
  '{{ data.x | upcase }}',
  '{{ data.x | default: "a || b" }}',
  'a && b | upper',
  '{{ "upper" | append: " | lower" }}',
])('%s stays as it is', (source) => {
  expect(compileTemplate(source)).toMatchObject({ ok: true });
});

it('a long and wrong template is reported at once', () => {
  for (const part of ['{{ ', '{% if a %}', '{{ a | b ', '{{#if a}}', '{% end %}', '"', '{{ a ? ', '{% '])
    for (const length of [1900, 16_000])
      expect(compileTemplate(`${part.repeat(length / part.length)}{{`).ok).toBe(false);
});
