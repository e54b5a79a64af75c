import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Each Chinese page with the English page that it links as its original. */
const pairs = [
  'README.zh-CN.md',
  ...readdirSync(path.join(root, 'docs/zh-CN')).map((file) => `docs/zh-CN/${file}`),
].map(
  (file) =>
    [file, path.posix.join(path.posix.dirname(file), /\[English\]\(([^)]+)\)/.exec(read(file))?.[1] ?? '')] as const,
);

const BLOCK = /^```(\w*)\n([\s\S]*?)^```/gm;

/** Code blocks of a page, without their comments, which are translated. */
const blocksIn = (page: string): readonly string[] =>
  [...page.matchAll(BLOCK)].map(([, language, text]) => `${language}\n${text!.replaceAll(/\s+# .*$/gm, '')}`);

/** Names of settings, states, commands and files in the sentences of a page, each once. */
const namesIn = (page: string): readonly string[] => {
  const spans = [...page.replaceAll(BLOCK, '').matchAll(/(`+)(.+?)\1(?!`)/g)].map(([, , text]) => text!.trim());
  return [...new Set(spans)].sort();
};

const headings = (page: string): number => page.replaceAll(BLOCK, '').match(/^#+ /gm)?.length ?? 0;
const rows = (page: string): number => page.match(/^\|/gm)?.length ?? 0;

it.each(pairs)('%s has the code blocks of %s', (chinese, english) => {
  expect(blocksIn(read(chinese))).toEqual(blocksIn(read(english)));
});

it.each(pairs.filter(([file]) => file !== 'README.zh-CN.md'))(
  '%s names the settings and commands of %s',
  (chinese, english) => {
    expect(namesIn(read(chinese))).toEqual(namesIn(read(english)));
    expect([headings(read(chinese)), rows(read(chinese))]).toEqual([headings(read(english)), rows(read(english))]);
  },
);

it('README.zh-CN.md names only settings and commands that README.md names', () => {
  const english = namesIn(read('README.md'));
  expect(namesIn(read('README.zh-CN.md')).filter((name) => !english.includes(name))).toEqual([]);
});

it.each(pairs)('%s is linked by %s', (chinese, english) => {
  expect(read(english)).toContain(`](${path.posix.relative(path.posix.dirname(english), chinese)})`);
});

it('README.zh-CN.md links every Chinese page', () => {
  const missing = pairs.filter(([file]) => file.startsWith('docs/') && !read('README.zh-CN.md').includes(`](${file})`));
  expect(missing).toEqual([]);
});
