import { expect, it } from 'vitest';
import { problemText } from '../../../daemon/core/problems/problem-text.ts';

const problem = {
  file: 'rules/a.yaml',
  line: 12,
  column: 5,
  code: 'schema.unknown_key',
  message: '`notfy` is not a setting of a rule',
  mend: 'did you mean `notify`?',
};

it('shows the position, the message, the line with a caret, and how to mend it', () => {
  expect(problemText(problem, { text: '    notfy: ops', column: 5 })).toBe(
    [
      'rules/a.yaml:12:5: `notfy` is not a setting of a rule [schema.unknown_key]',
      '  12 |     notfy: ops',
      '     |     ^^^^^',
      '  did you mean `notify`?',
    ].join('\n'),
  );
});

it('puts the caret right after wide characters and tabs, and shows no control characters', () => {
  const text = problemText({ ...problem, column: 5 }, { text: '\t部署: \u001b]x', column: 6 });
  expect(text).not.toContain('\u001b');
  expect(text.split('\n')[2]).toBe(`     | ${' '.repeat(7)}^`);
});

it('shows the part of a very long line that matters', () => {
  const text = problemText({ ...problem, column: 5000 }, { text: `${'x'.repeat(4999)}here`, column: 5000 });
  expect(text.length).toBeLessThan(600);
  expect(text).toContain('here');
});
