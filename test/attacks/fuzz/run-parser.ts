import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import type { FuzzedParser } from './parser.ts';
import type { Watchdog } from './watchdog.ts';

const CASES = 1000;
/** `npm run test:attacks -- --rounds N` makes N times as many cases. */
const ROUNDS = Number(process.env['BELFRY_ROUNDS'] ?? 1);
/** Seed of a failure that is to be repeated. */
const SEED = process.env['BELFRY_SEED'];
const CORPUS = path.join(import.meta.dirname, 'corpus');

export interface FuzzResult {
  readonly cases: number;
  /** Milliseconds of the slowest case. */
  readonly slowest: number;
  /** Failure with its seed and the smallest input that was found; undefined if there is none. */
  readonly failure?: string;
}

/** Inputs that were found once, which are tried first. */
export function corpusOf(name: string): readonly unknown[] {
  const file = path.join(CORPUS, `${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly unknown[]) : [];
}

/** Tries a parser on its corpus and then on random inputs. */
export async function runParser(
  parser: FuzzedParser,
  watchdog: Watchdog,
  given: { readonly corpus?: readonly unknown[] } = {},
): Promise<FuzzResult> {
  let slowest = 0;
  let cases = 0;
  const property = fc.asyncProperty(parser.generate, async (input) => {
    const start = performance.now();
    watchdog.begin(parser.name, input);
    try {
      await tryInput(parser, input);
    } finally {
      watchdog.end();
    }
    cases += 1;
    slowest = Math.max(slowest, performance.now() - start);
  });
  const corpus = given.corpus ?? corpusOf(parser.name);
  const numRuns = corpus.length + Math.ceil(CASES * ROUNDS * (parser.share ?? 1));
  const result = await fc.check(property, {
    numRuns,
    examples: corpus.map((input): [unknown] => [input]),
    ...(SEED !== undefined && { seed: Number(SEED) }),
  });
  if (!result.failed) return { cases, slowest };
  const { seed, counterexample, errorInstance } = result;
  const [input] = counterexample ?? [];
  const cause = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  const failure = `${parser.name}: BELFRY_SEED=${seed}, input for corpus/${parser.name}.json: ${JSON.stringify(input)}\n${cause}`;
  return { cases, slowest, failure };
}

async function tryInput(parser: FuzzedParser, input: unknown): Promise<void> {
  const output = await Promise.resolve()
    .then(() => parser.run(input))
    .then(
      (value) => ({ value }),
      (error: unknown) => {
        if (parser.refuses?.(error) !== true) throw error;
        return undefined;
      },
    );
  if (output !== undefined) await parser.check?.(output.value, input);
  const changed = PROTOTYPES.find(({ object, names }) => String(Reflect.ownKeys(object).map(String)) !== names);
  if (changed !== undefined) throw new Error('a prototype that all objects share was changed');
}

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype].map((object) => ({
  object,
  names: String(Reflect.ownKeys(object).map(String)),
}));
