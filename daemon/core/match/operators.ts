import { isLongInteger } from '../values/json.ts';
import { isWithin, readNetwork } from '../values/network.ts';
import { compileGlob } from './glob.ts';
import { re2Fault } from './re2-fault.ts';
import { onDemand } from '../../lib/on-demand.ts';

const re2 = onDemand<typeof import('re2js')>('re2js');

/** Test of one value of a field. */
export type Test = (value: unknown) => boolean;

export type CompiledTest =
  | { readonly ok: true; readonly test: Test }
  | { readonly ok: false; readonly message: string; readonly mend: string };

/** Compiler of the argument of an operator on one value. The operators on a whole field (`not`, `exists`) are in `pattern.ts`. */
type Operator = (argument: unknown) => CompiledTest;

export const VALUE_OPERATORS: Readonly<Record<string, Operator>> = {
  prefix: texts((part) => (text) => text.startsWith(part)),
  suffix: texts((part) => (text) => text.endsWith(part)),
  contains: texts((part) => (text) => text.includes(part)),
  equals_ignore_case: texts((part) => {
    const folded = part.toLowerCase();
    return (text) => text.toLowerCase() === folded;
  }),
  glob: texts(compileGlob, (_part, error) => ({
    message: `it is not a path pattern (${(error as Error).message})`,
    mend: 'write one like `/srv/**/*.csv`; put what must not match into `not`',
  })),
  regex: texts(compileRegex, re2Fault),
  cidr: texts(compileNetwork, (_part, error) => ({
    message: `it is not a network (${(error as Error).message})`,
    mend: 'write one like `10.0.0.0/8` or `2001:db8::/32`',
  })),
  gt: comparison((order) => order > 0),
  gte: comparison((order) => order >= 0),
  lt: comparison((order) => order < 0),
  lte: comparison((order) => order <= 0),
};

/** Equality of JSON scalars: a text never equals a number, and null equals null. */
export function equals(expected: unknown): Test {
  return (value) => value === expected;
}

/** Operator that takes a text, or a list of texts of which one must fit. */
function texts(
  compile: (part: string) => (text: string) => boolean,
  fault: (part: string, error: unknown) => Fault = () => NO_TEXT,
): Operator {
  return (argument) => {
    const parts: readonly unknown[] = Array.isArray(argument) ? argument : [argument];
    if (parts.length === 0 || !parts.every((part) => typeof part === 'string')) {
      return { ok: false, ...NO_TEXT };
    }
    const tests: ((text: string) => boolean)[] = [];
    for (const part of parts as readonly string[]) {
      try {
        tests.push(compile(part));
      } catch (error) {
        return { ok: false, ...fault(part, error) };
      }
    }
    return { ok: true, test: (value) => typeof value === 'string' && tests.some((test) => test(value)) };
  };
}

interface Fault {
  readonly message: string;
  readonly mend: string;
}

const NO_TEXT: Fault = { message: 'it is not text', mend: 'write text, or a list of texts' };

function compileRegex(pattern: string): (text: string) => boolean {
  const compiled = re2().RE2JS.compile(pattern);
  return (text) => compiled.test(text);
}

function compileNetwork(network: string): (text: string) => boolean {
  const read = readNetwork(network);
  if (read === undefined) throw new Error('its address is incomplete');
  return (text) => isWithin(text, read);
}

/**
 * Operator that compares numbers by size, also integers beyond 2^53, which are text; other texts (RFC 3339 times, versions of equal
 * width) are compared by their characters. A number and another text are not comparable.
 */
function comparison(holds: (order: number) => boolean): Operator {
  return (limit) => {
    const limitNumber = numberOf(limit);
    if (typeof limit !== 'number' && typeof limit !== 'string') {
      return { ok: false, message: 'it is neither a number nor text', mend: 'write a number like 500' };
    }
    return {
      ok: true,
      test: (value) => {
        const number = numberOf(value);
        if (number !== undefined && limitNumber !== undefined) return holds(order(number, limitNumber));
        return typeof value === 'string' && typeof limit === 'string' && holds(order(value, limit));
      },
    };
  };
}

function numberOf(value: unknown): number | bigint | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && isLongInteger(value) ? BigInt(value) : undefined;
}

/** Negative, zero or positive; NaN if one of the values is NaN. */
function order<T extends number | bigint | string>(a: T, b: T): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a <= b ? 0 : Number.NaN;
}
