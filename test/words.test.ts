import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

/** The project writes for engineers whose third language is English: CONTRIBUTING.md has the rules and the glossary. */
const root = path.resolve(import.meta.dirname, '..');
const CODE = ['daemon', 'console', 'test', 'bench', 'build', 'scripts', 'bin', 'assets'];
const PAGES = ['docs', 'examples', 'rules', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];

/** Beginnings of comments that name no thing and no action. */
const DOC_START =
  /^(?:What|Whatever|Whichever|Which|Those|These|Who|Whoever|Whom|Whose|So|How|It|They|That|Nobody|Nothing|Somebody|Something|More|Of|As|Where|When|Than|Then|Here|There|Why)\b/;
const LINE_START =
  /^(?:What|Whatever|Whichever|Which|Those|These|Who|Whoever|Whom|Whose|So many|So much|They|Nobody|Nothing|Somebody|Something|Of|How|Than)\b/;

/** Metaphors and unusual verbs, with the term to use instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  'told|tell|tells|telling': 'notified, reported, sent',
  'funeral|bury|buries|buried': 'dead-letter',
  'flights|landed': 'in flight, settled',
  'pump|pumps': 'run loop',
  'crowd|shelf|shelves': 'slot list, field index',
  ledger: 'store context',
  'mailbox|mailboxes': 'fake channels',
  'rehears\\w*': 'simulation',
  outset: 'baseline',
  'rhythm|pulse|pulses': 'schedule, beat',
  'persever\\w*|patience': 'retry, backoff',
  tally: 'wait group, count',
  'clue|clues|census': 'predicate, selectivity',
  doubtful: 'needs recheck',
  'lesson|lessons|hasten\\w*': 'attempt result, retry now',
  'desk|desks': 'alert actions',
  'far sides?': 'remote server, provider',
  whoever: 'the caller, the client',
};
const UNWANTED = Object.entries(INSTEAD).map(
  ([words, instead]) => [new RegExp(`(?<![a-z])(?:${words})(?![a-z])`, 'i'), instead] as const,
);

function filesBelow(name: string, kind = /\.(?:tsx?|mjs|cjs|js|md|ya?ml)$/): readonly string[] {
  const full = path.join(root, name);
  if (statSync(full, { throwIfNoEntry: false }) === undefined) return [];
  if (statSync(full).isFile()) return [name];
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(name, file))
    .filter((file) => kind.test(file) && !file.endsWith('words.test.ts'));
}
/** Public JSON field of alerts, which keeps its name. */
const withoutFields = (line: string): string => line.replaceAll(/(?<=[.`"'{,]\s?)told\b|\btold(?=\s?[:?=,}\])])/g, '');
const linesOf = (file: string): readonly string[] => readFileSync(path.join(root, file), 'utf8').split('\n');

/** The first words of a comment that begins on this line. */
function commentStart(lines: readonly string[], index: number): { doc: boolean; text: string } | undefined {
  const line = lines[index]!;
  const before = lines[index - 1] ?? '';
  const doc =
    /^\s*\/\*\*\s+(\S.*)$/.exec(line)?.[1] ?? (/^\s*\/\*\*\s*$/.test(before) ? /^\s*\*\s+(\S.*)$/.exec(line)?.[1] : '');
  if (doc !== undefined && doc !== '') return { doc: true, text: doc };
  const text = /(?:^|\s)\/\/\s+(\S.*)$/.exec(line)?.[1];
  return text === undefined || /^\s*\/\//.test(before) ? undefined : { doc: false, text };
}

test('a comment begins with a noun or a verb', () => {
  const riddles = CODE.flatMap((name) => filesBelow(name))
    .filter((file) => /\.(?:tsx?|mjs|cjs|js)$/.test(file))
    .flatMap((file) => {
      const lines = linesOf(file);
      return lines.flatMap((_, index) => {
        const start = commentStart(lines, index);
        const isRiddle = start !== undefined && (start.doc ? DOC_START : LINE_START).test(start.text);
        return isRiddle ? [`${file}:${index + 1}: ${start.text}`] : [];
      });
    });
  expect(riddles).toEqual([]);
});

test('the description of a setting begins with a noun or a verb', () => {
  const descriptions = filesBelow('schemas', /\.json$/).flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/"description": "((?:[^"\\]|\\.)*)"/g)].map(
      ([, text]) => text!,
    ),
  );
  expect(descriptions.length).toBeGreaterThan(300);
  expect(descriptions.filter((text) => DOC_START.test(text))).toEqual([]);
});

test('code and pages use the terms of the glossary', () => {
  const found = [...CODE, ...PAGES]
    .flatMap((name) => filesBelow(name))
    .flatMap((file) =>
      linesOf(file).flatMap((line, index) => {
        const words = withoutFields(line).replaceAll(/([a-z])([A-Z])/g, '$1 $2');
        return UNWANTED.filter(([pattern]) => pattern.test(words)).map(
          ([pattern, instead]) => `${file}:${index + 1}: "${pattern.exec(words)![0]}": write ${instead}`,
        );
      }),
    );
  expect(found).toEqual([]);
});
