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

  it('is not made for a very different word, or for one or two letters', () => {
    expect(suggest('colour', ['name', 'notify'])).toBeUndefined();
    expect(suggest('ip', ['if'])).toBeUndefined();
  });

  it('is replaced by a list of the known names', () => {
    expect(mendByName('colour', ['a', 'b'], 'none', 'there are')).toBe('there are: `a`, `b`');
    expect(mendByName('colour', [], 'none')).toBe('none');
  });
});
