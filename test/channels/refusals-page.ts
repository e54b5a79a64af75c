import { channelFamilies } from '../../daemon/channels/index.ts';
import { formatDuration } from '../../daemon/lib/time/duration.ts';
import { type ChannelContract, type DocumentedRefusal, documentedRefusals } from './contract.ts';

const HEAD = `<!-- Generated from the contracts of the channel types in \`test/channels\` by \`npm run generate\`; edit those. -->

# Refusals

What each provider refuses, and what to do about it. Each row is also a test: the channel gets this answer and must make this failure of it.
[Delivery](delivery.md#classes-of-failures) explains the classes. A status without a row means what [any HTTP status](channels/webhook.md#success-and-failure) means.
\`belfry channel test\`, \`belfry dead show ID\` and \`belfry deliveries\` show the code.`;

/** Public table of refusals: each documented refusal of each type. */
export function refusalsPage(contracts: readonly ChannelContract<unknown>[]): string {
  const sections = channelFamilies
    .flatMap(({ types }) => types)
    .flatMap((type) => contracts.filter((contract) => contract.type === type).flatMap((contract) => section(contract)));
  return `${[HEAD, ...sections].join('\n\n')}\n`;
}

function section(contract: ChannelContract<unknown>): string[] {
  const { type, variant } = contract;
  const refusals = documentedRefusals(contract);
  if (refusals.length === 0) return [];
  const rows = refusals.map((refusal) =>
    row(['`'.concat(refusal.code, '`'), refusal.when, classOf(refusal), refusal.mend]),
  );
  return [
    `## ${type.type}${variant === undefined ? '' : ` (${variant})`}`,
    [row(['code', 'cause', 'class', 'what to do']), row(['---', '---', '---', '---']), ...rows].join('\n'),
  ];
}

function classOf(refusal: DocumentedRefusal<unknown>): string {
  const { class: failureClass, misconfigured = false, rateLimited = false, retryAfter } = refusal;
  return [
    failureClass,
    ...(misconfigured ? ['misconfigured'] : []),
    ...(rateLimited ? ['pauses the channel'] : []),
    ...(retryAfter === undefined ? [] : [`${retryAfter < 1000 ? `${retryAfter}ms` : formatDuration(retryAfter)}`]),
  ].join(', ');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
