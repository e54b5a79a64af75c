import { describe, expect, it } from 'vitest';
import { mendByName, suggest } from '../../../daemon/core/problems/suggest.ts';

describe('a suggestion', () => {
  it.each([
    ['notfy', 'notify'],
    ['notifyy', 'notify'],
    ['ntoify', 'notify'],
    ['Notify', 'notify'],
    ['catchAll', 'catch_all'],
    ['on-error', 'on_error'],
  ])('for %s is %s', (word, meant) => {
    expect(suggest(word, ['name', 'notify', 'catch_all', 'on_error'])).toBe(meant);
  });

  it('is not made for something else altogether, nor for one or two letters', () => {
    expect(suggest('colour', ['name', 'notify'])).toBeUndefined();
    expect(suggest('ip', ['if'])).toBeUndefined();
  });

  it('gives way to a list of what there is', () => {
    expect(mendByName('colour', ['a', 'b'], 'none', 'there are')).toBe('there are: `a`, `b`');
    expect(mendByName('colour', [], 'none')).toBe('none');
  });
});
