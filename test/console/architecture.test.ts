import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { en } from '../../console/texts/en.ts';
import { zh } from '../../console/texts/zh.ts';

const root = path.resolve(import.meta.dirname, '../../console');

/** Imports that are allowed, by the folder of the importing file; files beside the folders are `.`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: ['texts'],
  texts: [],
  api: ['lib'],
  ui: ['api', 'lib'],
  parts: ['ui', 'api', 'lib'],
  pages: ['parts', 'ui', 'api', 'lib'],
  app: ['pages', 'pages.ts', 'ui', 'api', 'lib'],
  'pages.ts': ['pages', 'texts'],
  'main.tsx': ['app', 'lib'],
};

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
const text = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const topOf = (file: string): string => file.split('/')[0]!;
const pageOf = (file: string): string => file.split('/').slice(0, 2).join('/');

function importsOf(file: string): readonly string[] {
  return [...text(file).matchAll(/(?:from |import\()'(\.[^']+)'/g)].map((match) =>
    path.posix.join(path.posix.dirname(file), match[1]!),
  );
}

test('the arrows between the folders of the console run one way, and no page uses another', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => {
        // The server's types are taken, never its code.
        if (target.startsWith('..')) return !target.startsWith('../daemon/');
        if (topOf(target) !== topOf(file)) return !MAY_IMPORT[topOf(file)]?.includes(topOf(target));
        return topOf(file) === 'pages' && pageOf(target) !== pageOf(file);
      })
      .map((target) => `${file} -> ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('the console takes types of the daemon only, so that none of its code is in the page', () => {
  const wrong = files.filter((file) => /^import (?!type)[^;]*'(?:\.\.\/)+daemon\//m.test(text(file)));
  expect(wrong).toEqual([]);
});

test('text is never set as HTML', () => {
  expect(files.filter((file) => /dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML/.test(text(file)))).toEqual([]);
});

test('files of the console stay short, and folders small', () => {
  const long = files.filter((file) => !file.startsWith('texts/') && text(file).split('\n').length > 321);
  expect(long).toEqual([]);
  const folders = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
  const full = folders
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((folder) => readdirSync(folder).length > 14);
  expect(full).toEqual([]);
});

/** Paths of all texts: `home.title`. */
function pathsOf(value: object, prefix = ''): readonly string[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null ? pathsOf(inner, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

test('every text is there in both languages', () => {
  expect(pathsOf(zh)).toEqual(pathsOf(en));
  const latin = Object.entries(zh).flatMap(([page, inner]) =>
    Object.entries(inner as object)
      .filter(([, value]) => typeof value === 'string' && value !== '' && !/[\u4e00-\u9fff]/.test(value))
      .map(([name]) => `${page}.${name}`),
  );
  expect(latin, 'texts without a Chinese character').toEqual([]);
});
