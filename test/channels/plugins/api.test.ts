import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as channel from '../../../daemon/channels/plugins/channel.ts';
import * as testing from '../../../daemon/channels/plugins/testing.ts';

/** Values that a file of public types declares. */
function declaredIn(name: string): string[] {
  const text = readFileSync(new URL(`../../../assets/${name}.d.ts`, import.meta.url), 'utf8');
  return [...text.matchAll(/^export declare (?:const|function|class) (\w+)/gm)].map((match) => match[1]!).toSorted();
}

test('the public types declare what `belfry/channel` exports, and nothing else', () => {
  expect(declaredIn('channel')).toEqual(Object.keys(channel).toSorted());
});

test('the public types of `belfry/testing` declare nothing that it does not export', () => {
  expect(Object.keys(testing)).toEqual(expect.arrayContaining(declaredIn('testing')));
});
