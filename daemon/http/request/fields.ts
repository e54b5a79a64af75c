import type { Parameters, ValuesOf } from '../../core/values/parameter.ts';
import { isObject } from '../../core/values/json.ts';
import { HttpProblem } from '../problem.ts';

/** Reads a JSON body whose fields are all texts. Throws 400 with `code` and the pointer of a field that is unknown or has a wrong value. `at`: pointer of the body within a larger one. */
export function readFields<P extends Parameters>(body: unknown, fields: P, code: string, at = ''): ValuesOf<P> {
  if (!isObject(body))
    throw new HttpProblem(400, code, `${at === '' ? 'the body' : `\`${at.slice(1)}\``} is a JSON object`, {
      more: { pointer: at },
    });
  const read = Object.entries(body).map(([name, value]) => {
    const kind = Object.hasOwn(fields, name) ? fields[name]!.kind : undefined;
    const more = { pointer: `${at}/${name.slice(0, 40)}` };
    if (kind === undefined) {
      const known = Object.keys(fields).map((field) => `\`${field}\``);
      throw new HttpProblem(400, code, `there is no field like that; there are ${known.join(', ')}`, { more });
    }
    const result = typeof value === 'string' ? kind.read(value) : undefined;
    if (result === undefined)
      throw new HttpProblem(400, code, `\`${name}\` has a value that is not allowed: give ${kind.allowed}`, { more });
    return [name, result] as const;
  });
  return Object.fromEntries(read) as ValuesOf<P>;
}
