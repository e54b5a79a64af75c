import type { Registry } from '../../compile/registry.ts';
import { channelsPage } from './channels-page.ts';
import { page, table } from './page.ts';
import { daemonSchema } from '../sections/daemon.ts';
import { hoursSpanSchema } from '../sections/hours.ts';
import { type Schema, schemaOf } from '../json-schema.ts';
import { OPERATORS } from '../sections/match.ts';
import { messageSchema } from '../sections/message.ts';
import { ruleSchema } from '../sections/rule.ts';
import { expectationSchema, stepSchema, testEventSchema, testSchema } from '../sections/rule-tests.ts';
import { silenceSchema } from '../sections/silence.ts';

/** The reference pages by the name of their file in `docs/`. */
export function referencePages(registry: Registry): Readonly<Record<string, string>> {
  return {
    'reference-channels.md': channelsPage(registry),
    'reference-sources.md': sourcesPage(registry),
    'reference-rules.md': rulesPage(),
    'reference-tests.md': testsPage(),
  };
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
