import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { FuzzedParser } from './parser.ts';
import { urls } from './parsers/addresses.ts';
import { binaryEvents } from './parsers/events.ts';
import { deadLetterLine } from './parsers/state.ts';
import { durations } from './parsers/times.ts';
import { runParser } from './run-parser.ts';
import { Watchdog } from './watchdog.ts';

const ROOT = path.join(import.meta.dirname, '../../..');

/** A piece of a parser and the wrong one that replaces it, in a copy. */
interface PlantedBug {
  readonly bug: string;
  /** Path below `daemon/`. */
  readonly file: string;
  readonly correct: string;
  readonly wrong: string;
  /** The parser with the functions of the copy. */
  readonly parser: (module: never) => FuzzedParser;
}

const BUGS: readonly PlantedBug[] = [
  {
    bug: 'durations have no upper bound',
    file: 'lib/time/duration.ts',
    correct: 'return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : undefined;',
    wrong: 'return Math.round(total);',
    parser: ({ parseDuration }: { parseDuration: Parameters<typeof durations>[0] }) => durations(parseDuration),
  },
  {
    bug: 'a line of the dead-letter file that is not JSON throws',
    file: 'delivery/dead-letters/records.ts',
    correct: 'catch {\n    return undefined;',
    wrong: 'catch (error) {\n    throw error;',
    parser: ({ parseLine }: { parseLine: Parameters<typeof deadLetterLine>[0] }) => deadLetterLine(parseLine),
  },
  {
    bug: 'a header that is not percent-encoded throws',
    file: 'core/event/cloudevents.ts',
    correct: 'catch {\n    return value;',
    wrong: 'catch (error) {\n    throw error;',
    parser: ({ parseEvents }: { parseEvents: Parameters<typeof binaryEvents>[0] }) => binaryEvents(parseEvents),
  },
  {
    bug: 'control characters are let into the password of a URL',
    file: 'core/values/url.ts',
    correct: String.raw`|| decoded.some((part) => /\p{Cc}/u.test(part))`,
    wrong: '',
    parser: ({ readUrl }: { readUrl: Parameters<typeof urls>[0] }) => urls(readUrl, 'http-url'),
  },
];

const watchdog = new Watchdog();
afterAll(() => watchdog.close());

/** Loads a copy of a module with the bug. */
async function planted({ file, correct, wrong }: PlantedBug): Promise<never> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belfry-planted-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  const input = path.join(ROOT, 'daemon', file);
  let places = 0;
  const bundle = await rolldown({
    input,
    platform: 'node',
    external: /^(?:node:|[^./])/,
    plugins: [
      {
        name: 'planted-bug',
        transform(code, id) {
          if (id !== input) return undefined;
          places = code.split(correct).length - 1;
          return code.replace(correct, wrong);
        },
      },
    ],
  });
  const copy = path.join(folder, 'copy.mjs');
  await bundle.write({ file: copy });
  await bundle.close();
  expect(places, 'the piece of code is there once').toBe(1);
  return (await import(copy)) as never;
}

test.each(BUGS)('random input finds that $bug', async (bug) => {
  const { failure } = await runParser(bug.parser(await planted(bug)), watchdog, { corpus: [] });
  expect(failure).toContain('BELFRY_SEED=');
});
