import { expect, it } from 'vitest';
import { OWN_SHAPES, ownEvents } from '../../daemon/core/event/own-events.ts';
import { sourceTypes } from '../../daemon/sources/index.ts';
import type { SourceType } from '../../daemon/sources/source.ts';
import { readSourceSettings } from '../support/source-io.ts';
import { undeclaredFields } from '../support/source-shapes.ts';

it('every event of the daemon has the declared fields', () => {
  const text = 'x';
  const problem = { file: text, line: 1, column: 1, code: text, message: text, mend: text };
  const lists = { added: [text], changed: [], removed: [], problems: [problem] };
  const failure = { channel: text, code: text, message: text };
  const events = [
    ownEvents.started({ version: text, generation: 1 }),
    ownEvents.reloadApplied({ generation: 1, ...lists }),
    ownEvents.reloadRejected({ generation: 1, problems: [problem] }),
    ownEvents.deliveryDead({
      delivery: text,
      rule: text,
      key: text,
      class: 'expired',
      title: text,
      event: text,
      ...failure,
    }),
    ownEvents.channelMisconfigured(failure),
    ownEvents.channelFailing(failure),
    ownEvents.channelRecovered({ channel: text }),
    ownEvents.ruleError({ rule: text, reason: text, event: text }),
    ownEvents.sourceFailing({ source: text, type: text, reason: text }),
  ];
  expect(events).toHaveLength(Object.keys(ownEvents).length);
  expect(events.flatMap((event) => undeclaredFields(event, OWN_SHAPES))).toEqual([]);
  expect(events.map(({ type }) => type)).toEqual(OWN_SHAPES.map(({ type }) => type));
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
