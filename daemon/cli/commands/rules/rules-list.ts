import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { RulesView, RuleView, WholeRuleView } from '../../../http/daemon-api.ts';
import { shownPath } from '../../../lib/files/shown-path.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument } from '../../options.ts';
import { outcomeText } from '../../render/outcomes.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';

export const declareList: Verb = (rules, { terminal, access, run }) => {
  daemonOptions(rules.command('list', { isDefault: true }))
    .description('list the rules in force with what each did last, or show one with its text')
    .addArgument(new TypedArgument('[name]', NAME, 'show the rule with this name'))
    .action((name: string | undefined, options: CommonOptions) =>
      run(async () => {
        const client = await access.client(options);
        return name === undefined ? list(terminal, client, options) : show(terminal, client, name, options);
      }),
    );
};

async function list(terminal: Terminal, client: Client, options: CommonOptions): Promise<number> {
  const style = styleOf(terminal, options);
  const rows: string[][] = [];
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const page: RulesView = await client.call<RulesView>(
      'GET',
      `/v1/rules?cursor=${cursor}&text=${options.json ?? false}`,
    );
    if (options.json) for (const rule of page.rules) jsonLine(terminal, rule);
    else rows.push(...page.rules.map((rule) => rowOf(rule, style, terminal)));
    cursor = page.next;
  }
  if (!options.json)
    line(
      terminal,
      table([['RULE', 'PLACE', 'STATE', 'CHANNELS', 'LAST MATCH', 'LAST NOTIFIED', 'LAST 24 H'], ...rows]),
    );
  return EXIT.ok;
}

function rowOf(rule: RuleView, { paint, time }: Style, terminal: Terminal): string[] {
  const { name, state, channels, last_match: matched, last_notified: notified } = rule;
  return [
    harmless(name),
    placeOf(rule, terminal),
    state === 'live' ? paint('green', state) : paint('yellow', state),
    harmless(channels.join(', ')),
    matched === undefined ? 'never' : time(matched),
    notified === undefined ? 'never' : time(notified),
    countsText(rule, paint),
  ];
}

async function show(terminal: Terminal, client: Client, name: string, options: CommonOptions): Promise<number> {
  const rule = await client.call<WholeRuleView>('GET', `/v1/rules/${encodeURIComponent(name)}`);
  if (options.json) jsonLine(terminal, rule);
  else for (const text of detailLines(rule, styleOf(terminal, options), terminal)) line(terminal, text);
  return EXIT.ok;
}

function detailLines(rule: WholeRuleView, { paint, time }: Style, terminal: Terminal): readonly string[] {
  const { name, state, waiting, alerts, tests, last_match: matched, last_notified: notified } = rule;
  const facts: readonly (readonly [string, string])[] = [
    ['place', placeOf(rule, terminal)],
    ['state', `${state}, of generation ${rule.generation}`],
    ['channels', harmless(rule.channels.join(', '))],
    ['last match', matched === undefined ? 'never' : time(matched)],
    ['last notified', notified === undefined ? 'never' : time(notified)],
    ['last 24 h', countsText(rule, paint) || 'nothing'],
    ['waiting', String(waiting)],
    ['alerts', `${alerts.firing} firing, ${alerts.acknowledged} acknowledged`],
    ...(tests === undefined ? [] : [['tests', `${tests.passed} passed, ${tests.failed} failed`] as const]),
  ];
  const lines = rule.text.split('\n').slice(0, -1);
  const width = String(rule.text_line + lines.length).length;
  const numbered = lines.map((text, index) => {
    const number = String(rule.text_line + index).padStart(width);
    return `${paint('grey', `${number} |`)} ${harmless(text)}`;
  });
  return [
    harmless(name),
    ...table(facts)
      .split('\n')
      .map((text) => `  ${text}`),
    '',
    ...numbered,
  ];
}

function placeOf({ file, line: number }: RuleView, { cwd }: Terminal): string {
  return harmless(`${shownPath(file, cwd)}:${number}`);
}

/** `notified 3, deduplicated 12` */
function countsText({ outcomes }: RuleView, paint: Style['paint']): string {
  const sums = new Map<string, number>();
  for (const { counts } of outcomes)
    for (const [outcome, count] of Object.entries(counts)) sums.set(outcome, (sums.get(outcome) ?? 0) + count);
  return [...sums].map(([outcome, count]) => `${outcomeText(outcome, paint)} ${count}`).join(', ');
}
