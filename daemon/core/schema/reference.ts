import { MESSAGE_PARTS, type Registry } from '../compile/registry.ts';
import { daemonSchema } from './sections/daemon.ts';
import { deliverySchema } from './sections/delivery.ts';
import { inline } from './explain.ts';
import { hoursSpanSchema } from './sections/hours.ts';
import { type Schema, schemaOf } from './json-schema.ts';
import { OPERATORS } from './sections/match.ts';
import { messageSchema } from './sections/message.ts';
import { ruleSchema } from './sections/rule.ts';
import { expectationSchema, stepSchema, testEventSchema, testSchema } from './sections/rule-tests.ts';
import { silenceSchema } from './sections/silence.ts';

const GENERATED = '<!-- Generated from the schemas by `npm run generate`; edit those. -->';

/** The reference pages by the name of their file in `docs/`. */
export function referencePages(registry: Registry): Readonly<Record<string, string>> {
  return {
    'reference-channels.md': channelsPage(registry),
    'reference-sources.md': sourcesPage(registry),
    'reference-rules.md': rulesPage(),
    'reference-tests.md': testsPage(),
  };
}

function channelsPage({ channels }: Registry): string {
  const sections = channels.map((type) => {
    const { rate, concurrency, timeout } = type.limits;
    const own = { rate, concurrency, timeout };
    const defaults = Object.entries(own).flatMap(([name, value]) =>
      value === undefined ? [] : [`\`${name}: ${value}\``],
    );
    return [
      `## ${type.type}`,
      `${type.summary} ([documentation](${type.documentation}))`,
      `${type.idempotent ? 'The receiver drops a repeated message, so a retry is harmless.' : 'A repeated message is shown again.'}${defaults.length > 0 ? ` Its \`delivery\` defaults: ${defaults.join(', ')}.` : ''}`,
      table(schemaOf(type.settings)),
    ].join('\n\n');
  });
  const delivery = ['## delivery', 'Every channel takes `delivery`:', table(schemaOf(deliverySchema))].join('\n\n');
  return page('Channels', [
    'A channel has a name, a `type` and the settings of that type, under `channels:`.',
    delivery,
    supportTable(channels),
    ...sections,
  ]);
}

function supportTable(channels: Registry['channels']): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rows = channels.flatMap(({ type, supports }) =>
    supports === undefined ? [] : [row([`[${type}](#${type})`, ...MESSAGE_PARTS.map((part) => supports[part] ?? '')])],
  );
  return [
    '## Parts of a message that are shown',
    'Every channel shows title and body. `kept`: shown in its own form. `text`: shown as text. Empty: not shown.',
    [
      row(['channel', ...MESSAGE_PARTS.map((part) => `\`${part}\``)]),
      row(['channel', ...MESSAGE_PARTS].map(() => '---')),
      ...rows,
    ].join('\n'),
  ].join('\n\n');
}

function sourcesPage({ sources }: Registry): string {
  const sections = sources.map((type) =>
    [
      `## ${type.type}`,
      type.summary,
      `Events: ${type.events.map((event) => `\`${event}\``).join(', ')}`,
      table(schemaOf(type.settings)),
    ].join('\n\n'),
  );
  const builtIn =
    'Two are built in: `api`, events posted over HTTP and by `belfry emit`; and `belfry`, events of the daemon itself.';
  return page('Sources', [
    'A source has a name, a `type` and the settings of that type, under `sources:`.',
    builtIn,
    ...sections,
  ]);
}

function rulesPage(): string {
  const section = (heading: string, intro: string, schema: Schema): string =>
    [`## ${heading}`, intro, table(schema)].join('\n\n');
  return page('Rules', [
    section('rules', 'Each entry of `rules:`.', schemaOf(ruleSchema)),
    section('hours', 'Each entry of `hours:`, or of a list there.', schemaOf(hoursSpanSchema)),
    section('silences', 'Each entry of `silences:`.', schemaOf(silenceSchema)),
    section('match', 'The operators of a pattern; several in one map must all hold.', { properties: OPERATORS }),
    section('message', 'Texts are Liquid templates over the event.', schemaOf(messageSchema)),
    section('daemon', 'In one file at most; everything has a default.', schemaOf(daemonSchema)),
  ]);
}

function testsPage(): string {
  const section = (heading: string, intro: string, schema: Schema): string =>
    [`## ${heading}`, intro, table(shallow(schema))].join('\n\n');
  return page('Rule tests', [
    'A file `*.test.yaml` has the one key `tests`, a list. How to write one: [testing](testing.md).',
    section('tests', 'Each entry of `tests:`.', schemaOf(testSchema)),
    section('steps', 'Each entry of `steps:`, in order.', schemaOf(stepSchema)),
    section('event', '`event:`, and each entry of `events:`.', schemaOf(testEventSchema)),
    section(
      'expect',
      'Each entry of `expect:`. Each setting is a value, `{ contains: TEXT }` or `{ regex: RE2 }`; settings that are left out may have any value.',
      schemaOf(expectationSchema),
    ),
  ]);
}

/** The schema without nested settings, which have a table of their own. */
function shallow(schema: Schema): Schema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { description, examples, enum: words } = property;
    return [name, { description, examples, ...(words !== undefined && { enum: words }) } as Schema] as const;
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function page(title: string, parts: readonly string[]): string {
  return `${[GENERATED, `# ${title}`, ...parts].join('\n\n')}\n`;
}

function table(schema: Schema): string {
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return 'No settings.';
  return ['| setting | default | meaning | example |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function rowsOf(schema: Schema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    const required = schema.required?.includes(name) === true;
    const fallback =
      property.default === undefined || isNested(property) ? (required ? '**required**' : '') : code(property.default);
    const examples = (property.examples ?? []).map(code).join(' ');
    const words = property.enum === undefined ? '' : ` One of ${property.enum.map(code).join(', ')}.`;
    const row = `| \`${path}\` | ${fallback} | ${cell((property.description ?? '') + words)} | ${examples} |`;
    if (MESSAGES.has(name) && prefix !== '') return [row];
    const item = itemOf(property);
    if (item !== undefined) return [row, ...rowsOf(item, `${path}[].`)];
    return [row, ...(isNested(property) && path !== 'message' ? rowsOf(property, `${path}.`) : [])];
  });
}

/** Settings with a table of their own. */
const MESSAGES: ReadonlySet<string> = new Set(['message']);

/** Schema of the entries of a list, when they have settings of their own. */
function itemOf(property: Schema): Schema | undefined {
  const items = [property.items, ...(property.anyOf ?? []).map((branch) => branch.items)];
  const choices = items.flatMap((item) => (item === undefined ? [] : [item, ...(item.anyOf ?? [])]));
  return choices.find((choice) => choice.properties !== undefined);
}

const isNested = (schema: Schema): boolean => schema.properties !== undefined;
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');

function code(value: unknown): string {
  const text = cell(inline(value));
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}
