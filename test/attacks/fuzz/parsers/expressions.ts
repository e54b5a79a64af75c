import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Event } from '../../../../daemon/core/event/event.ts';
import { compileMatch } from '../../../../daemon/core/match/compile.ts';
import { compileCondition } from '../../../../daemon/core/match/condition/condition.ts';
import { compileGlob } from '../../../../daemon/core/match/glob.ts';
import { compileTemplate, templatePaths } from '../../../../daemon/core/message/template.ts';
import type { Json } from '../../../../daemon/core/values/json.ts';
import { json, near, noise } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const event = (data: unknown): Event => ({
  id: '1',
  source: 's',
  type: 'x.y',
  time: '2026-11-23T08:00:00Z',
  data: data as Json,
});
const SAMPLE = { n: 3, s: 'text', l: [1, 'a', { x: 2 }], m: { a: { b: 1 } }, long: 'ab'.repeat(1000), t: '2026-11-23' };
const data = fc.oneof(fc.constant(SAMPLE as unknown), json);

const TEMPLATES = [
  '{{ data.s }}: {{ data.n | plus: 2 }} {% if data.n > 2 %}many{% else %}few{% endif %}',
  '{% for x in data.l %}{{ forloop.index }} {{ x | upcase | escape }}{% break %}{% endfor %}',
  '{% assign a = data.long | split: "a" | join: "," %}{{ a | slice: 0, 10 | append: "…" }}',
  '{{ data.t | date: "%Y-%m-%d %H:%M", "Europe/Berlin" }} {{ data.m | json }} {{ data.none | default: "-" }}',
  '{% case data.s %}{% when "text" %}1{% endcase %}{% raw %}{{ x }}{% endraw %}{% comment %}c{% endcomment %}',
  '{{ data.long | replace: "a", "bb" | replace: "b", data.long | size }}{% capture c %}x{% endcapture %}{{ c }}',
];
const LIQUID = [
  '{{ ',
  ' }}',
  '{% ',
  ' %}',
  '{%- ',
  'data',
  '.s',
  '.l',
  '[0]',
  ' | ',
  'size',
  'json',
  'date: "%s"',
  'if ',
  'endif',
  'for x in ',
  'endfor',
  'assign a = ',
  'contains ',
  '"a"',
  '(1..100000)',
  'tablerow x in ',
  'liquid',
  'echo ',
  'cycle "a","b"',
  'increment i',
  'where: "x"',
  'strip_html',
];

const CONDITIONS = [
  'data.n > 2 && data.s == "text"',
  'data.l.exists(x, x == 1) || data.l.all(x, x != 2)',
  'size(data.long) > 3 ? data.s.matches("^t.*t$") : has(data.m.a)',
  'data.s.startsWith("t") && !(data.n in [1, 2, 3]) && event.type == "x.y"',
  'timestamp(time) < now && duration("1h") > duration("1s")',
  'data.l.map(x, x).filter(x, x == 1).size() == 1 && string(data.n) + "a" != "b"',
];
const CEL = [
  'data',
  '.n',
  '.l',
  '.s',
  '[0]',
  '["x"]',
  ' == ',
  ' && ',
  ' || ',
  ' < ',
  ' in ',
  '!',
  '-',
  ' + ',
  ' % ',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '1',
  '1u',
  '1.5',
  '9223372036854775808',
  '"a"',
  'r"\\d"',
  'b"x"',
  'true',
  'null',
  '.exists(x, ',
  '.map(x, ',
  '.matches("(a+)+$")',
  'size(',
  'int(',
  'timestamp("2026")',
  ' ? ',
  ' : ',
  '.all(',
  '.replace("a","b")',
  '.split("")',
];

const isWithin = (offset: number, text: string): boolean =>
  Number.isInteger(offset) && offset >= 0 && offset <= text.length;

interface Failed {
  readonly message: string;
  readonly offset: number;
}

/** The error of a text that does not compile has a message, and a position in the text. */
function checkFailed({ message, offset }: Failed, text: string): void {
  assert.ok(message.length > 0, 'a message is empty');
  assert.ok(isWithin(offset, text), `offset ${offset} is not in the text`);
}

const GLOBS = ['/srv/**/*.log', 'a?b[!c-e]', '{a,b/{c,d}}*', '**/x', '\\*[]]', 'x[a-'];
const PATTERNS: readonly unknown[] = [
  { 'data.s': { glob: 't*' } },
  { 'data.s': { regex: '^(a|b)+$' } },
  { 'data.n': { gt: 2, lte: '5' } },
  { any: [{ 'data.l.*.x': [1, 2] }, { type: { not: { prefix: 'x' } } }] },
  { 'data.t': { contains: ['a', 1] }, 'data.m.a': { exists: true } },
];

export const expressions = [
  fuzzed({
    name: 'template',
    generate: fc.record({ source: near(LIQUID, TEMPLATES), data }),
    share: 0.6,
    run({ source, data: given }) {
      const compiled = compileTemplate(source);
      return {
        compiled,
        paths: templatePaths(source),
        rendered: compiled.ok ? compiled.template.render({ event: event(given) }) : undefined,
      };
    },
    check({ compiled, paths, rendered }, { source }) {
      if (!compiled.ok) checkFailed(compiled, source);
      for (const { offset } of paths) assert.ok(isWithin(offset, source), `a path is at ${offset}`);
      if (rendered === undefined) return;
      assert.equal(typeof rendered.text, 'string');
      assert.ok(rendered.text.length < 10_000_000, 'the text is without bound');
    },
  }),
  fuzzed({
    name: 'condition',
    generate: fc.record({ source: near(CEL, CONDITIONS), data }),
    share: 0.6,
    run({ source, data: given }) {
      const compiled = compileCondition(source);
      return { compiled, result: compiled.ok ? compiled.condition.test(event(given), 0) : undefined };
    },
    check({ compiled, result }, { source }) {
      if (!compiled.ok) return checkFailed(compiled, source);
      assert.equal(typeof result?.holds, 'boolean');
      // Spaces around an expression change nothing.
      assert.equal(compileCondition(` ${source}\n`).ok, source.length <= 4094);
    },
  }),
  fuzzed({
    name: 'glob',
    generate: fc.record({
      glob: near(['*', '**', '/', '?', '[', ']', '{', '}', ',', '!', '\\', 'a', '-', '..'], GLOBS),
      text: noise,
    }),
    run: ({ glob, text }) => compileGlob(glob)(text),
    refuses: (error) => error instanceof Error && error.message.length > 0,
    check: (holds) => assert.equal(typeof holds, 'boolean'),
  }),
  fuzzed({
    name: 'match',
    generate: fc.record({
      match: fc.oneof(
        fc.constantFrom(...PATTERNS),
        json,
        fc
          .tuple(
            fc.constantFrom('data.s', 'data.l', 'type', 'data.*', '__proto__.x', 'constructor'),
            fc.constantFrom(
              'regex',
              'glob',
              'contains',
              'prefix',
              'not',
              'gt',
              'cidr',
              '__proto__',
              'constructor',
              'one_of',
            ),
            fc.oneof(noise, json),
          )
          .map(([path, operator, argument]) => ({ [path]: { [operator]: argument } })),
      ),
      data,
    }),
    run({ match, data: given }) {
      const compiled = compileMatch(match);
      return { compiled, holds: compiled.ok ? compiled.matcher.holds(event(given)) : undefined };
    },
    check({ compiled, holds }) {
      if (compiled.ok) assert.equal(typeof holds, 'boolean');
      else
        for (const { message, mend, pointer } of compiled.problems)
          assert.ok(message !== '' && mend !== '' && (pointer === '' || pointer.startsWith('/')));
    },
  }),
];
