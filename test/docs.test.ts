import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const architecture = read('docs/architecture.md');

/** Markdown pages of the project, relative to its root. */
const pages = [
  ...readdirSync(root).filter((file) => file.endsWith('.md')),
  ...['docs', 'examples', 'test', 'build', 'monitoring'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => path.posix.join(folder, file)),
  ),
];
const prose = (file: string): string => read(file).replaceAll(/```[\s\S]*?```/g, '');

/** Anchors of the headings of a page, as GitHub makes them. */
function anchorsOf(file: string): readonly string[] {
  return [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

test('links between pages lead to files and headings that exist', () => {
  const broken = pages.flatMap((file) =>
    [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^\w+:/.test(link))
      .filter((link) => {
        const [target, anchor] = link.split('#');
        const found = target === '' ? file : path.posix.join(path.posix.dirname(file), target!);
        if (!existsSync(path.join(root, found))) return true;
        return anchor !== undefined && !anchorsOf(found).includes(anchor);
      })
      .map((link) => `${file}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('README.md links the page of every channel and source type', () => {
  const missing = ['docs/channels', 'docs/sources'].flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .map((file) => `${folder}/${file}`)
      .filter((file) => !read('README.md').includes(`](${file})`)),
  );
  expect(missing).toEqual([]);
});

test('test/README.md names the helpers that exist', () => {
  const table = read('test/README.md').split('## Helpers')[1]!;
  const named = [...table.matchAll(/`([a-z]+(?:-[a-z]+)*)`/g)].map(([, name]) => `${name}.ts`);
  const helpers = readdirSync(path.join(root, 'test/support'));
  expect(helpers.filter((file) => !named.includes(file))).toEqual([]);
  expect(named.filter((file) => !helpers.includes(file))).toEqual(['advance.ts', 'webhook.ts']);
});

test('docs/architecture.md names only files and folders that exist', () => {
  const named = [...architecture.matchAll(/`((?:[\w.-]+\/)+(?:[\w.-]+)?)`/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(40);
  const missing = named.filter(
    (name) => !existsSync(path.join(root, 'daemon', name)) && !existsSync(path.join(root, name)),
  );
  expect(missing).toEqual(['digest/0', 'digest/1']);
});

test('a source file that a page names exists', () => {
  const sources = ['daemon', 'test', 'build', 'packaging', 'scripts', 'bench'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `/${folder}/${file}`),
  );
  const missing = pages.flatMap((file) =>
    [...read(file).matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs))`/g)]
      .map(([, name]) => name!)
      .filter((name) => !/[A-Z]{3}/.test(name))
      .filter((name) => !sources.some((file) => file.endsWith(`/${name}`)))
      .map((name) => `${file}: ${name}`),
  );
  expect(missing).toEqual([]);
});

test('docs/architecture.md describes every room', () => {
  for (const room of readdirSync(path.join(root, 'daemon'))) expect(architecture).toContain(`| \`daemon/${room}`);
});

test('the page of refusals explains every code of a failed connection', () => {
  const kit = path.join(root, 'daemon/channels/kit');
  const codes = readdirSync(kit, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(path.join(kit, file), 'utf8').matchAll(/'((?:net|tls|proxy|http)\.[a-z_]+)'/g)])
    .map(([, code]) => code!);
  const page = read('docs/reference-refusals.md');
  expect(codes.length).toBeGreaterThan(20);
  expect([...new Set(codes)].filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});

test('the pages of the console show every picture of docs/console, in at most 900 KB', () => {
  const pages = read('docs/console.md') + read('docs/zh-CN/console.md');
  const shown = new Set([...pages.matchAll(/!\[[^\]]+\]\((?:\.\.\/)?console\/([^)]+)\)/g)].map(([, file]) => file!));
  const files = readdirSync(path.join(root, 'docs/console'));
  expect([...shown].toSorted()).toEqual(files.toSorted());
  const sizes = files.map((file) => statSync(path.join(root, 'docs/console', file)).size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(900_000);
});
