import { type ChannelTypeInfo, MESSAGE_PARTS, type Registry } from '../../compile/registry.ts';
import { schemaOf } from '../json-schema.ts';
import { canarySchema } from '../sections/canary.ts';
import { deliverySchema } from '../sections/delivery.ts';
import { exampleYaml } from './example-yaml.ts';
import { facts } from './facts.ts';
import { page, table } from './page.ts';

/** Reference of all channel types: an index by family, what of a message each shows, then each type. */
export function channelsPage({ channels, families = [{ name: 'Channels', types: channels }] }: Registry): string {
  const known = families.filter(({ types }) => types.length > 0);
  return page('Channels', [
    'A channel has a name, a `type` and the settings of that type, under `channels:`. `belfry channel types TYPE` prints the same as a section of this page. What each provider refuses, and what to do about it: [refusals](reference-refusals.md). A type of your own: [plugins](plugins.md).',
    [
      '| family | types |',
      '| --- | --- |',
      ...known.map(({ name, types }) => `| ${name} | ${types.map(linkTo).join(' · ')} |`),
    ].join('\n'),
    ['## delivery', 'Every channel takes `delivery`:', table(schemaOf(deliverySchema))].join('\n\n'),
    [
      '## canary',
      'Every channel takes `canary`: a duration, or a map. What it does: [canary](delivery.md#a-canary).',
      table(schemaOf(canarySchema)),
    ].join('\n\n'),
    ...shownParts(known),
    ...known.flatMap(({ types }) => types.map(section)),
  ]);
}

const linkTo = ({ type }: ChannelTypeInfo): string => `[${type}](#${type})`;

/** A table for each family, so that its head is near each row. */
function shownParts(families: NonNullable<Registry['families']>): string[] {
  const intro = 'Every channel shows title and body. ● shown in its own form; ○ shown as text; empty: not shown.';
  const head = ['type', ...MESSAGE_PARTS.map((part) => `\`${part}\``)];
  return [
    '## Parts of a message that are shown',
    intro,
    ...families.flatMap(({ name, types }) => [
      `### ${name}`,
      [head, head.map((_, index) => (index === 0 ? '---' : ':-:')), ...types.map(partsRow)].map(row).join('\n'),
    ]),
  ];
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const SIGNS = { kept: '●', text: '○' } as const;

function partsRow(type: ChannelTypeInfo): string[] {
  const { supports = {} } = type;
  return [linkTo(type), ...MESSAGE_PARTS.map((part) => (supports[part] === undefined ? '' : SIGNS[supports[part]]))];
}

function section(type: ChannelTypeInfo): string {
  const { setup = [], summary, documentation } = type;
  return [
    `## ${type.type}`,
    `${summary} ([documentation](${documentation}))`,
    setup.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    `\`\`\`yaml\n${exampleYaml(type)}\n\`\`\``,
    facts(type)
      .map((fact) => `- ${fact}`)
      .join('\n'),
    table(schemaOf(type.settings)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
