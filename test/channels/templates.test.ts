import { expect, test } from 'vitest';
import { loadChannelTypes } from '../../daemon/channels/index.ts';
import { type Schema, schemaOf } from '../../daemon/core/schema/json-schema.ts';
import { readSettings } from '../support/channel-settings.ts';

const channelTypes = await loadChannelTypes();

const TEMPLATES = new Set(['template', 'path-template', 'argument']);
const WRONG = '{{ title | no_such_filter }} {% if %}';

interface Place {
  readonly pointer: string;
  /** Settings with the wrong template at this place. */
  readonly written: object;
}

/** Places of a schema at which a template may be written, each with a value around it. */
function placesOf(schema: Schema, pointer = ''): { readonly pointer: string; readonly value: unknown }[] {
  if (TEMPLATES.has(schema.belfry ?? '')) return [{ pointer, value: WRONG }];
  const named = Object.entries(schema.properties ?? {});
  const open = typeof schema.additionalProperties === 'object' ? [['name', schema.additionalProperties] as const] : [];
  return [
    ...[...named, ...open].flatMap(([name, part]) =>
      placesOf(part, `${pointer}/${name}`).map((place) => ({ ...place, value: { [name]: place.value } })),
    ),
    ...(schema.items === undefined
      ? []
      : placesOf(schema.items, `${pointer}/0`).map((place) => ({ ...place, value: [place.value] }))),
    ...(schema.anyOf ?? []).flatMap((part) => placesOf(part, pointer)),
  ];
}

const cases = channelTypes.flatMap((type) => {
  const places = placesOf(schemaOf(type.settings));
  const unique = new Map(places.map((place) => [place.pointer, place]));
  return [...unique.values()].map(({ pointer, value }): readonly [string, Place] => [
    `${type.type}: ${pointer}`,
    { pointer, written: { ...type.example, ...(value as object) } },
  ]);
});

test('there are settings that are templates', () => {
  expect(cases.length).toBeGreaterThan(channelTypes.length / 2);
});

test.each(cases)('a wrong template is found when the rules load: %s', (name, { pointer, written }) => {
  const type = channelTypes.find((each) => name.startsWith(`${each.type}: `))!;
  const { problems } = readSettings(type, written);
  const found = problems.filter(
    (problem) => problem.startsWith(`${pointer}: `) || problem.startsWith(`${pointer.replace(/\/0$/, '')}: `),
  );
  expect(found, problems.join('\n')).toHaveLength(1);
  expect(found[0]).toMatch(/is not a template/);
});
