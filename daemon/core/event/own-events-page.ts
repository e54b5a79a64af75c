import { OWN_EVENTS } from './own-events.ts';
import type { Field } from './own-fields.ts';
import type { FieldKind } from './shape.ts';

const INTRODUCTION = `<!-- Generated from daemon/core/event/own-events.ts by \`npm run generate\`; edit that. -->

# Events of the daemon

The daemon reports on itself by events of the source \`belfry\`, which rules use like any others:

\`\`\`yaml
rules:
  - name: channel-fails
    on: belfry
    match: { type: [belfry.channel.failing, belfry.channel.misconfigured] }
    key: "{{ data.channel }}"
    message:
      title: "Channel {{ data.channel }}: {{ data.message }}"
      body: "since {{ data.since }}; try \`{{ data.mend }}\`"
    notify: mail
\`\`\`

\`belfry init\` and the rules that are shipped have such rules. A channel cannot report its own fault: a message about one
(\`belfry.channel.failing\`, \`belfry.channel.misconfigured\`, \`belfry.delivery.dead\`) that a rule sends to the channel itself goes to its \`delivery.fallback\` at once. Without a
fallback, notify a second channel; \`belfry check\` warns if a rule does neither.

No loop can arise: a delivery about an event of the daemon that ends dead, and a rule that fails on one, raise no further event. A channel that
fails is reported once until it recovers, and one with refused credentials once until its settings change or a test succeeds.
Secrets in the data are shown as \`***\`.

The subject of an event about a channel, a rule or a source is its name.
`;

/** Page `docs/reference-events.md`: each event of the daemon, when it is raised, and its data. */
export function ownEventsPage(): string {
  const sections = OWN_EVENTS.map(
    ({ type, when, data }) => `## \`${type}\`

Raised when ${when}.

| field of \`data\` | type | meaning | example |
| --- | --- | --- | --- |
${Object.entries(data)
  .map(([name, field]) => row(name, field))
  .join('\n')}
`,
  );
  return [INTRODUCTION, ...sections].join('\n');
}

function row(name: string, { kind, about, example, isOptional }: Field<unknown>): string {
  const shown = JSON.stringify(example).replaceAll('|', '\\|');
  const meaning = isOptional === true ? `${about}; left out if there is none` : about;
  return `| \`${name}\` | ${kindText(kind)} | ${meaning} | ${codeSpan(shown)} |`;
}

/** Code in Markdown; a text with backticks needs two of them around it. */
function codeSpan(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function kindText(kind: FieldKind): string {
  if (typeof kind !== 'string') return kind.map((value) => `\`${value}\``).join(', ');
  return kind === 'any' ? 'list' : kind;
}
