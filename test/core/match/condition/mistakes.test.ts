import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../../../daemon/core/match/condition/condition.ts';

/** Written text, place of the mistake, correction, and the corrected whole. */
const MISTAKES: readonly (readonly [written: string, offset: number, mend: string, mended: string])[] = [
  ['data.pct > 90 and data.x', 14, 'write `&&`', 'data.pct > 90 && data.x'],
  ['data.pct > 90 AND data.x == 1', 14, 'write `&&`', 'data.pct > 90 && data.x == 1'],
  ['data.x IN [1, 2]', 7, 'write `in`', 'data.x in [1, 2]'],
  ['data.a and data.b and data.c', 7, 'write `&&`', 'data.a && data.b && data.c'],
  ['data.pct > 90 or data.x == "and"', 14, 'write `||`', 'data.pct > 90 || data.x == "and"'],
  ['data.a and data.b or data.c', 7, 'write `&&`', 'data.a && data.b || data.c'],
  ['not data.x', 0, 'write `!`', '!data.x'],
  ['not data.x == 1', 0, 'write `!`', '!(data.x == 1)'],
  ['data.a and not data.b', 7, 'write `&&`', 'data.a && !data.b'],
  ['data.x not in ["y", "z"]', 0, 'write `!(... in ...)`', '!(data.x in ["y", "z"])'],
  ['type == "y"', 0, 'write `event.type`', 'event.type == "y"'],
  ['"y" == type', 7, 'write `event.type`', '"y" == event.type'],
  ['type.startsWith("y")', 0, 'write `event.type`', 'event.type.startsWith("y")'],
  ['type in ["a", "b"]', 0, 'write `event.type`', 'event.type in ["a", "b"]'],
  ['data.x == 1 && type != "y"', 15, 'write `event.type`', 'data.x == 1 && event.type != "y"'],
  ['data.x.startWith("a")', 7, 'did you mean `startsWith`?', 'data.x.startsWith("a")'],
  ['data.x.startswith("a")', 7, 'did you mean `startsWith`?', 'data.x.startsWith("a")'],
  ['data.x.ends_with("a")', 7, 'did you mean `endsWith`?', 'data.x.endsWith("a")'],
  ['data.x.include("a")', 7, 'did you mean `contains`?', 'data.x.contains("a")'],
  ['data.x.includes("a")', 7, 'did you mean `contains`?', 'data.x.contains("a")'],
  ['data.x.match("a")', 7, 'did you mean `matches`?', 'data.x.matches("a")'],
  ['data.x.length() > 3', 7, 'did you mean `size`?', 'data.x.size() > 3'],
  ['data.x.toLowerCase() == "a"', 7, 'did you mean `lowerAscii`?', 'data.x.lowerAscii() == "a"'],
  ['data.x.some(t, t == "a")', 7, 'did you mean `exists`?', 'data.x.exists(t, t == "a")'],
  ['len(data.x) > 3', 0, 'did you mean `size`?', 'size(data.x) > 3'],
  ['exists(data.x)', 0, 'did you mean `has`?', 'has(data.x)'],
  ['contains(data.x, "a")', 0, 'write', 'data.x.contains("a")'],
  ['data.x contains "a"', 7, 'write `.contains(...)`', 'data.x.contains("a")'],
  ['data.x startswith "a"', 7, 'write `.startsWith(...)`', 'data.x.startsWith("a")'],
  ['data.x =~ "a"', 6, 'write `.matches(...)`', 'data.x.matches("a")'],
  ['data.x = "y"', 7, 'write `==`', 'data.x == "y"'],
  ['data.x === "y"', 7, 'write `==`', 'data.x == "y"'],
  ['data.x !== "y"', 7, 'write `!=`', 'data.x != "y"'],
  ['data.x <> "y"', 7, 'write `!=`', 'data.x != "y"'],
  ['data.x => 3', 7, 'write `>=`', 'data.x >= 3'],
  ['data.x is null', 7, 'write `==`', 'data.x == null'],
  ['data.x is not null', 7, 'write `!=`', 'data.x != null'],
  ['data.x == 1 & data.y == 2', 12, 'write `&&`', 'data.x == 1 && data.y == 2'],
  ['data.x == 1 | data.y == 2', 12, 'write `||`', 'data.x == 1 || data.y == 2'],
  ['data.x == “y”', 10, 'write `"..."`', 'data.x == "y"'],
  ['data.x == ‘y’', 10, 'write `"..."`', "data.x == 'y'"],
  ['{{ data.x }} > 3', 0, 'write it without braces', 'data.x > 3'],
  ['data.pct > 90%', 12, 'write the number without it', 'data.pct > 90'],
  ['data?.x == 1', 4, 'write `.`', 'data.x == 1'],
  ['data.x == 1;', 11, 'write it without', 'data.x == 1'],
  ['type == "y" and data.x = 1', 0, 'write `event.type`', 'event.type == "y" && data.x == 1'],
];

describe('a notation of another language', () => {
  it.each(MISTAKES)('%s: reported once, with the correction', (written, offset, mend, mended) => {
    expect(compileCondition(written)).toEqual({
      ok: false,
      offset,
      message: expect.any(String),
      mend: `${mend}${mend.endsWith('?') ? '' : ':'} \`${mended}\``,
    });
    expect(compileCondition(mended)).toMatchObject({ ok: true });
  });
});

describe('a valid expression is not reported', () => {
  it.each([
    "data.x == 'y'",
    'data.x == "not a and b or type = 1"',
    'type(data.x) == type(1)',
    'event.type == "y" || data.type == "z"',
    'data.and == 1',
    'data.n % 2 == 1',
    'data.tags.exists(t, t.startsWith("a"))',
    'size(data.x) > 3',
  ])('%s', (source) => {
    expect(compileCondition(source)).toMatchObject({ ok: true });
  });
});

it('RE2 is named where an expression has a look-ahead', () => {
  expect(compileCondition('data.x.matches("(?!a)b")')).toMatchObject({
    ok: false,
    offset: 15,
    mend: expect.stringContaining('no look-around'),
  });
});

it.each([
  ['data.x == "y', 'a quote is not closed', 10],
  ['(data.x == 1', 'a bracket or a name is missing here', 12],
  ['data.x >', 'a value is missing here', 8],
])('%s: %s', (source, message, offset) => {
  expect(compileCondition(source)).toMatchObject({ ok: false, message, offset });
});

it('a long and wrong expression is reported at once', () => {
  for (const part of ['not ', 'a and ', '"', '{{', '(', 'a.b.', 'x not in [', '= ', 'a ']) {
    expect(compileCondition(part.repeat(4096 / part.length)).ok).toBe(false);
  }
});
