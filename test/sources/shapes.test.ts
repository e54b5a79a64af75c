import { expect, it } from 'vitest';
import type { EventInput } from '../../daemon/core/event/event.ts';
import { OWN_EVENTS, OWN_SHAPES, ownEvents } from '../../daemon/core/event/own-events.ts';
import { sourceTypes } from '../../daemon/sources/index.ts';
import type { SourceType } from '../../daemon/sources/source.ts';
import { readSourceSettings } from '../support/source-io.ts';
import { undeclaredFields } from '../support/source-shapes.ts';

it('every event of the daemon can be made from the examples of its documentation, and has the declared fields', () => {
  for (const { type, subject, data } of OWN_EVENTS) {
    const raise = Object.values(ownEvents).find(({ event }) => event.type === type) as (data: object) => EventInput;
    const made = raise(Object.fromEntries(Object.entries(data).map(([name, { example }]) => [name, example])));
    expect(undeclaredFields(made, OWN_SHAPES)).toEqual([]);
    expect(Object.keys(made.data as object)).toEqual(Object.keys(data));
    expect(made.subject).toBe(subject === undefined ? undefined : data[subject]!.example);
  }
});

/** The required settings with the examples of the schema. */
function exampleSettings({ settings }: SourceType): object {
  const { required = [], properties } = settings as unknown as {
    readonly required?: readonly string[];
    readonly properties: Readonly<Record<string, { readonly examples: readonly unknown[] }>>;
  };
  return Object.fromEntries(required.map((name) => [name, properties[name]!.examples[0]]));
}

it('every source type has shapes for exactly the event types that it declares', () => {
  for (const type of sourceTypes) {
    const { settings } = readSourceSettings(type, exampleSettings(type));
    const shapes = type.shapes!(settings as never);
    expect(shapes.map((shape) => shape.type)).toEqual([...type.events]);
  }
});
