import { describe, expect, it } from 'vitest';
import { Lines } from '../../../daemon/reload/text/locate.ts';
import { parseYaml } from '../../../daemon/reload/yaml/parse.ts';
import { readYaml } from '../../../daemon/reload/yaml/read-yaml.ts';

interface Report {
  readonly place: string;
  readonly code: string;
  readonly mend: string;
}

function reportsOf(text: string): Report[] {
  const read = readYaml(text);
  const lines = new Lines(text);
  if (read.ok) return [];
  return read.issues.map(({ offset, code, mend }) => {
    const { line, column } = lines.position(offset);
    return { place: `${line}:${column}`, code, mend };
  });
}

const SINGLE = "put the whole text in quotes: `'...'`";
const DOUBLE = 'put the whole text in quotes: `"..."`';

/** Written text, position of the one problem, code, mend, and the corrected value. */
const MISTAKES: readonly (readonly [written: string, place: string, code: string, mend: string, mended: string])[] = [
  ['cron: */5 * * * *', '1:7', 'alias', SINGLE, "cron: '*/5 * * * *'"],
  ['c: { type: schedule, cron: */5 * * * * }', '1:28', 'alias', SINGLE, "c: { type: schedule, cron: '*/5 * * * *' }"],
  ['c: { cron: */5 * * * *, jitter: 5s }', '1:12', 'alias', SINGLE, "c: { cron: '*/5 * * * *', jitter: 5s }"],
  ['glob: *.log', '1:7', 'alias', SINGLE, "glob: '*.log'"],
  ['match: { data.path: { glob: *.log } }', '1:29', 'alias', SINGLE, "match: { data.path: { glob: '*.log' } }"],
  ['- *.log', '1:3', 'alias', SINGLE, "- '*.log'"],
  ['glob: *.log # all of them', '1:7', 'alias', SINGLE, "glob: '*.log' # all of them"],
  ['glob: **/*.log', '1:7', 'alias', SINGLE, "glob: '**/*.log'"],
  ['if: !data.ok', '1:5', 'tag', SINGLE, "if: '!data.ok'"],
  ['if: !has(data.ok) && data.x > 1', '1:5', 'tag', SINGLE, "if: '!has(data.ok) && data.x > 1'"],
  ["if: !(data.x in ['a', 'b'])", '1:5', 'tag', DOUBLE, `if: "!(data.x in ['a', 'b'])"`],
  ['title: {{ data.host }} full', '1:8', 'template', SINGLE, "title: '{{ data.host }} full'"],
  ['title: {{ data.host }}', '1:8', 'template', SINGLE, "title: '{{ data.host }}'"],
  ['title: {{data.host}}: {{data.pct}}', '1:8', 'template', SINGLE, "title: '{{data.host}}: {{data.pct}}'"],
  ['title: {% if data.x %}a{% endif %}', '1:8', 'template', SINGLE, "title: '{% if data.x %}a{% endif %}'"],
  [
    'm: { title: {{ data.host }} full, body: x }',
    '1:13',
    'template',
    SINGLE,
    "m: { title: '{{ data.host }} full', body: x }",
  ],
  ['m: { title: {{ data.host | upcase }} }', '1:13', 'template', SINGLE, "m: { title: '{{ data.host | upcase }}' }"],
  ['tags: [{{ data.a }}, b]', '1:8', 'template', SINGLE, "tags: ['{{ data.a }}', b]"],
  ['- name: {{ x }}: y', '1:9', 'template', SINGLE, "- name: '{{ x }}: y'"],
  ['title: @all look', '1:8', 'quote', SINGLE, "title: '@all look'"],
  ['to: [@alice, bob]', '1:6', 'quote', SINGLE, "to: ['@alice', bob]"],
  ['title: `x`', '1:8', 'quote', SINGLE, "title: '`x`'"],
  ['title: %x y', '1:8', 'quote', SINGLE, "title: '%x y'"],
  ['title: & full', '1:8', 'anchor', SINGLE, "title: '& full'"],
  ['title: , full', '1:8', 'quote', SINGLE, "title: ', full'"],
  ['title: | full', '1:8', 'quote', SINGLE, "title: '| full'"],
  ['if: > 90', '1:5', 'quote', SINGLE, "if: '> 90'"],
  ['title: - full', '1:8', 'quote', SINGLE, "title: '- full'"],
  ['title: [disk] full', '1:8', 'quote', SINGLE, "title: '[disk] full'"],
  ['title: "a" and b', '1:8', 'quote', SINGLE, `title: '"a" and b'`],
  [`if: 'a' in data.x`, '1:5', 'quote', DOUBLE, `if: "'a' in data.x"`],
  ['title: Error: disk', '1:8', 'colon', SINGLE, "title: 'Error: disk'"],
  ['- name: x: y', '1:9', 'colon', SINGLE, "- name: 'x: y'"],
  ["title: it's: full", '1:8', 'colon', DOUBLE, `title: "it's: full"`],
  ['if: data.a == 1 ? data.b : data.c', '1:5', 'colon', SINGLE, "if: 'data.a == 1 ? data.b : data.c'"],
  ['c: { type: x, url: #ops }\nd: 1', '1:20', 'comment', SINGLE, "c: { type: x, url: '#ops' }\nd: 1"],
  ['tags: [a, #b]\nd: 1', '1:11', 'comment', SINGLE, "tags: [a, '#b']\nd: 1"],
  ['title: "deploy 5\nbody: x', '1:8', 'quote', 'put a `"` at the end of the text', 'title: "deploy 5"\nbody: x'],
  ["title: 'deploy 5\nbody: x", '1:8', 'quote', "put a `'` at the end of the text", "title: 'deploy 5'\nbody: x"],
  [
    'title: "deploy 5\nbody: "x"\nlink: y',
    '1:8',
    'quote',
    'put a `"` at the end of the text',
    'title: "deploy 5"\nbody: "x"\nlink: y',
  ],
  ['m:\n\ttitle: x\n\tbody: y', '2:1', 'tab', 'use spaces', 'm:\n  title: x\n  body: y'],
  [
    String.raw`regex: "\d+ \w"`,
    '1:9',
    'escape',
    String.raw`write each backslash as \\, or use single quotes`,
    String.raw`regex: "\\d+ \\w"`,
  ],
];

describe('a mistake in YAML is one problem, at its cause, with a mend that works', () => {
  it.each(MISTAKES)('%s', (written, place, code, mend, mended) => {
    expect(reportsOf(written)).toEqual([{ place, code: `yaml.${code}`, mend }]);
    expect(parseYaml(mended)).toMatchObject({ ok: true });
  });

  it.each(MISTAKES)('after another mistake: %s', (written, place, code) => {
    if (written.startsWith('-')) return;
    const [line, column] = place.split(':');
    const text = `a: *.log\n${written}\n`;
    expect(reportsOf(text).map((one) => `${one.place} ${one.code}`)).toEqual([
      '1:4 yaml.alias',
      `${Number(line) + 1}:${column} yaml.${code}`,
    ]);
  });
});

describe('correct YAML is not quoted', () => {
  it.each([
    ['an alias whose anchor is missing', 'a: *nope', '1:4 yaml.alias', 'write `&name`'],
    ['a tag for secrets', 'a: !secret token', '1:4 yaml.tag', '`${env:NAME}`'],
    ['a repeated key', 'a: 1\na: 2', '2:1 yaml.duplicate_key', 'remove one'],
    ['a bracket without end', 'a: [x, y\n', '2:1 yaml.indent', 'close a bracket'],
    ['wrong indentation', 'a:\n   b: 1\n  c: 2', '3:3 yaml.indent', 'one column'],
  ])('%s', (_what, text, expected, mend) => {
    const [first, ...others] = reportsOf(text);
    expect(`${first!.place} ${first!.code}`).toBe(expected);
    expect(first!.mend).toContain(mend);
    expect(others).toEqual([]);
  });

  it('also when there is another mistake', () => {
    const text = 'a: 1\nb: *.log\na: 2\nc: !data.x\n';
    expect(reportsOf(text).map(({ place, code }) => `${place} ${code}`)).toEqual([
      '2:4 yaml.alias',
      '3:1 yaml.duplicate_key',
      '4:4 yaml.tag',
    ]);
  });
});

it('no problem quotes the text at the error', () => {
  for (const [written] of MISTAKES) {
    const text = written.replaceAll(/data\.\w+|deploy|full|disk/g, 'hunter2');
    expect(JSON.stringify(reportsOf(text))).not.toContain('hunter2');
  }
});

it('a large file with many mistakes is reported too', () => {
  const text = Array.from({ length: 5000 }, (_, n) => `k${n}: *.log\nl${n}: !data.x && y\n`).join('');
  expect(reportsOf(text).length).toBeGreaterThan(0);
});
