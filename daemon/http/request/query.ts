import type { Parameters, ValuesOf } from '../../core/values/parameter.ts';
import { HttpProblem } from '../problem.ts';

/** Reads the declared query parameters. An unknown, repeated or invalid one is 400: ignoring a typing error would select everything. */
export function readQuery<P extends Parameters>(query: URLSearchParams, declared: P): ValuesOf<P> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of query) {
    const parameter = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (parameter === undefined) throw wrong(name.slice(0, 80), `is not a parameter here: ${known(declared)}`);
    if (Object.hasOwn(values, name)) throw wrong(name, 'is given twice: give it once');
    const value = parameter.kind.read(text);
    if (value === undefined)
      throw wrong(name, `has a value that is not allowed: give ${parameter.kind.allowed}`, parameter.code);
    values[name] = value;
  }
  return values as ValuesOf<P>;
}

function known(declared: Parameters): string {
  const names = Object.keys(declared);
  return names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
}

function wrong(name: string, what: string, code = 'query.invalid'): HttpProblem {
  return new HttpProblem(400, code, `\`${name}\` ${what}`, { more: { parameter: name } });
}
