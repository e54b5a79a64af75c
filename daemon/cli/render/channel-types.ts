import { type ChannelTypeInfo, MESSAGE_PARTS, type Registry } from '../../core/compile/registry.ts';
import { type Schema, schemaOf } from '../../core/schema/json-schema.ts';
import { exampleYaml } from '../../core/schema/reference/example-yaml.ts';
import { facts } from '../../core/schema/reference/facts.ts';
import { table } from './terminal.ts';

/** Parts of a message by what a type does with them. `degraded`: shown as text. */
function partsOf({ supports = {} }: ChannelTypeInfo) {
  return {
    kept: MESSAGE_PARTS.filter((part) => supports[part] === 'kept'),
    degraded: MESSAGE_PARTS.filter((part) => supports[part] === 'text'),
    dropped: MESSAGE_PARTS.filter((part) => supports[part] === undefined),
  };
}

/** JSON of a type in `belfry channel types`. */
export function typeView(family: string, type: ChannelTypeInfo) {
  const { summary, documentation, idempotent, receipt, setup, example, limits, settings } = type;
  return {
    type: type.type,
    family,
    summary,
    documentation,
    parts: partsOf(type),
    limits,
    idempotent,
    receipt: receipt ?? null,
    setup: setup ?? [],
    example: { type: type.type, ...example },
    settings: schemaOf(settings),
  };
}

/** Table of all types, a family after the other. */
export function typeTable(families: NonNullable<Registry['families']>): string {
  const rows = families.flatMap(({ types }) => types.map((type) => [type.type, type.limits.rate ?? '', type.summary]));
  return `${table([['TYPE', 'RATE', 'WHAT'], ...rows])}\n\n\`belfry channel types TYPE\` shows the parts of a message, limits, receipt, how to get the key, and an example.`;
}

/** Everything about one type. */
export function typeDetails(type: ChannelTypeInfo): string {
  const { kept, degraded, dropped } = partsOf(type);
  const listed = (parts: readonly string[]): string => (parts.length === 0 ? 'none' : parts.join(', '));
  const { summary, documentation, setup = [], settings } = type;
  return [
    `${type.type}: ${summary}\n${documentation}`,
    table([
      ['kept', listed(kept)],
      ['as text', listed(degraded)],
      ['dropped', listed(dropped)],
    ]),
    facts(type)
      .map((fact) => fact.replaceAll('`', ''))
      .join('\n'),
    setup.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    exampleYaml(type),
    table([['SETTING', 'DEFAULT', 'MEANING'], ...settingRows(schemaOf(settings), '')]),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function settingRows(schema: Schema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const isRequired = schema.required?.includes(name) === true;
    const fallback = property.default === undefined ? '' : JSON.stringify(property.default);
    const own = [prefix + name, isRequired ? 'required' : fallback, property.description ?? ''];
    return property.properties === undefined ? [own] : [own, ...settingRows(property, `${prefix}${name}.`)];
  });
}
