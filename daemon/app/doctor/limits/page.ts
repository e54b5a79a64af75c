import { deliveries } from './deliveries.ts';
import { events, history, sources } from './events.ts';
import type { Limit, LimitSection } from '../../../core/schema/reference/limit.ts';
import { connections, streams } from './requests.ts';
import { rules } from './rules.ts';
import { work } from './work.ts';

/** All limits, in the order of the page. */
export const LIMITS: readonly LimitSection[] = [
  connections,
  streams,
  events,
  sources,
  history,
  rules,
  deliveries,
  work,
];

const INTRO = `<!-- Generated from daemon/app/doctor/limits/ by \`npm run generate\`; edit that. -->

# Limits

Every input of the daemon has a limit, so that no sender, file or provider can use up its memory, its time or its open files. What is beyond a limit is
refused or cut visibly, and everything else goes on.

A refusal of a request has a \`code\` ([errors](http-api.md#errors)). It is counted in the metric \`belfry_refused_total{limit="NAME"}\` with the name from the
table, and logged at most once a minute for each limit, with the address of the client. Limits of what the services of providers take, such as
the length of a text, are in [reference-channels.md](reference-channels.md).
`;

const COUNTED: Readonly<Record<NonNullable<Limit['counted']>, string>> = {
  refused: '`belfry_refused_total`',
  reload: '`belfry_reload_total`',
  'rule error': '`belfry_rule_outcomes_total`',
  delivery: '`belfry_deliveries_total`',
};

/** docs/reference-limits.md */
export function limitsPage(): string {
  return [INTRO, ...LIMITS.map(section)].join('\n');
}

function section({ title, limits }: LimitSection): string {
  return `## ${title}

| name | limits | default | setting | beyond it | counted in |
| --- | --- | --- | --- | --- | --- |
${limits.map(row).join('\n')}
`;
}

function row({ name, of, most, setting = '', beyond, counted }: Limit): string {
  return `| \`${name}\` | ${of} | ${most} | ${setting} | ${beyond} | ${counted === undefined ? '' : COUNTED[counted]} |`;
}
