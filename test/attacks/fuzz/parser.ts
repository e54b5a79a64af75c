import type { Arbitrary } from 'fast-check';

/** A parser of the daemon that gets random input. An input is JSON, so that a found one can be kept in a file; bytes are texts in Latin-1. */
export interface FuzzedParser<I = unknown, O = unknown> {
  /** Name of the parser and of its file in `corpus/`. */
  readonly name: string;
  readonly generate: Arbitrary<I>;
  /** Parses an input. */
  run(input: I): O | Promise<O>;
  /** Whether `run` may throw this error; without it, `run` must not throw. */
  refuses?(error: unknown): boolean;
  /** Throws if the result of an input is wrong. */
  check?(output: O, input: I): void | Promise<void>;
  /** Cases in relation to those of other parsers: less than 1 if a case is slow. */
  readonly share?: number;
}

/** Declares a parser, for a list of parsers with different inputs. */
export const fuzzed = <I, O>(parser: FuzzedParser<I, O>): FuzzedParser => parser as unknown as FuzzedParser;
