import { isObject } from '../../core/values/json.ts';
import { givenEvent } from '../../core/explain/given.ts';
import type { EventInput } from '../../core/event/event.ts';
import { HttpProblem } from '../problem.ts';

/** An event of a request: the event itself, or the id of a past one. */
export type NamedEvent = { readonly event: EventInput } | { readonly id: string };

/** Body of a request whose fields are all among the known ones. Throws 400 with `code` otherwise. */
export function readObject(body: unknown, known: readonly string[], code: string): Readonly<Record<string, unknown>> {
  if (!isObject(body)) throw new HttpProblem(400, code, 'the body is a JSON object');
  const unknown = Object.keys(body)
    .find((name) => !known.includes(name))
    ?.slice(0, 40);
  if (unknown === undefined) return body;
  throw new HttpProblem(400, code, `there is no field \`${unknown}\`; there are ${known.join(', ')}`, {
    more: { pointer: `/${unknown}` },
  });
}

/** Reads exactly one of `event` and `id` from a body; a text in `event` is an id, too. Throws 400 with `code` otherwise. */
export function readNamedEvent({ event, id }: Readonly<Record<string, unknown>>, code: string): NamedEvent {
  if ((event === undefined) === (id === undefined)) throw new HttpProblem(400, code, 'give either `event` or `id`');
  if (id !== undefined) return { id: readText('id', id, code) };
  if (typeof event === 'string') return { id: readText('event', event, code) };
  const found = givenEvent(event);
  if (found.ok) return { event: found.event };
  throw new HttpProblem(400, `${code.replace(/\..*$/, '')}.event`, found.message, {
    more: { pointer: `/event${found.pointer}` },
  });
}

export function readText(name: string, value: unknown, code: string): string {
  if (typeof value !== 'string' || value === '')
    throw new HttpProblem(400, code, `\`${name}\` is not text`, { more: { pointer: `/${name}` } });
  return value;
}
