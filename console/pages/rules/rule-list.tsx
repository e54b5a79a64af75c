import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { RulesView, RuleTestsView, RuleView } from '../../../daemon/http/views.ts';
import { call } from '../../api/client.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { href, place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { now } from '../../lib/time.ts';
import { Action } from '../../ui/action.tsx';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { type Filter, Filters } from '../../ui/filters.tsx';
import { WindowedList } from '../../ui/list.tsx';
import { Page } from '../../ui/page.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { layersOf, totalsOf, totalsText } from './activity.ts';
import { type AllRules, useAllRules } from './all-rules.ts';
import { commonFolder, entriesOf, type Entry, STATES } from './entries.ts';
import { Problems } from './problems.tsx';
import { Tabs } from './tabs.tsx';

/** Rules in force, by file. */
export function RuleList(): VNode {
  const { rules: words } = texts.value;
  const all = useAllRules();
  useTests(all.value.value, all.reload);
  return (
    <Page
      title={words.title}
      actions={
        <>
          <Tests of={all.value.value?.tests} onDone={all.reload} />
          <CopyCommands curl={curlOf('GET', '/v1/rules')} cli={cliOf('rules')} />
        </>
      }
    >
      <Tabs />
      <Loaded of={all}>{(found) => <Found all={found} />}</Loaded>
    </Page>
  );
}

function Found({ all }: { all: AllRules }): VNode {
  const { rules: words, common } = texts.value;
  const { query } = place.value;
  const entries = entriesOf(all.rules, query);
  const folder = commonFolder(all.rules.map(({ file }) => file));
  const files = [...new Set(all.rules.map(({ file }) => file))];
  const outcomes = [...new Set(all.rules.flatMap((rule) => totalsOf(rule).map(([outcome]) => outcome)))].sort();
  const filters: readonly Filter[] = [
    { name: 'text', label: texts.value.filters.labels.text, isSearch: true },
    { name: 'state', label: words.state, values: STATES },
    { name: 'outcome', label: words.outcome, values: outcomes },
    ...(files.length > 1 ? [{ name: 'file', label: words.file, values: files }] : []),
  ];
  const shown = entries.filter(({ kind }) => kind === 'rule').length;
  return (
    <>
      <Problems of={all.problems} folder={folder} />
      <Filters of={filters} />
      {entries.length === 0 ? (
        <Empty title={all.rules.length === 0 ? words.noRules : words.none}>{words.noneMore}</Empty>
      ) : (
        <WindowedList
          items={entries}
          label={words.title}
          row={34}
          phoneRow={58}
          keyOf={(entry) => (entry.kind === 'file' ? entry.file : `rule ${entry.rule.name}`)}
          hrefOf={(entry) =>
            entry.kind === 'file' ? href(['rules'], { ...query, file: entry.file }) : href(['rules', entry.rule.name])
          }
          render={(entry) => <Row entry={entry} folder={folder} />}
        />
      )}
      <p class="list-end">{common.end(shown)}</p>
    </>
  );
}

function Row({ entry, folder }: { entry: Entry; folder: string }): VNode {
  const { rules: words } = texts.value;
  if (entry.kind === 'rule') return <RuleRow rule={entry.rule} />;
  return (
    <>
      <span class="cell rule-file">{entry.file.slice(folder.length)}</span>
      {entry.isKept && <Chip state="kept" />}
      <span class="cell cell-more">{words.count(entry.count)}</span>
    </>
  );
}

function RuleRow({ rule }: { rule: RuleView }): VNode {
  const { rules: words } = texts.value;
  const { name, line, state, match, if: condition, channels, alerts, tests, last_match: matched } = rule;
  return (
    <>
      <span class="cell rule-line">{line}</span>
      <span class="cell cell-main rule-name">{name}</span>
      {state === 'disabled' && <Chip state={state} />}
      {alerts.firing > 0 && <Chip state={`${alerts.firing} firing`} tone="bad" />}
      {tests !== undefined && tests.failed > 0 && <Chip state={words.failed(tests.failed)} tone="bad" />}
      <span class="rule-break" />
      <span class="cell cell-more rule-match">{match ?? condition}</span>
      <span class="cell rule-channels">{channels.join(', ')}</span>
      <span class="rule-spark">
        <Sparkline layers={layersOf(rule, now.value)} label={totalsText(rule) || words.dayNone} />
      </span>
      <span class="cell rule-last">{matched === undefined ? words.never : <Ago at={matched} />}</span>
    </>
  );
}

/** Result of the tests of all rules, and the button that runs them again. */
function Tests({ of, onDone }: { of: RulesView['tests']; onDone: () => void }): VNode {
  const { rules: words } = texts.value;
  return (
    <>
      {of !== undefined && of.tests > 0 && (
        <Chip
          state={of.failed > 0 ? words.failed(of.failed) : words.passed(of.passed)}
          tone={of.failed > 0 ? 'bad' : 'ok'}
        />
      )}
      {of !== undefined && of.problems.length > 0 && <Chip state={words.testProblems} tone="bad" />}
      <Action scope="read" run={() => runTests().then(onDone)}>
        {words.runTests}
      </Action>
    </>
  );
}

const runTests = (): Promise<RuleTestsView> => call<RuleTestsView>('POST', '/v1/rules/test');

/** Runs the tests once for each version of the rules for which nobody has. */
function useTests(all: AllRules | undefined, onDone: () => void): void {
  const asked = useSignal<number | undefined>(undefined);
  const { generation, tests } = all ?? {};
  useEffect(() => {
    if (generation === undefined || tests !== undefined || asked.value === generation) return;
    asked.value = generation;
    // The button shows the error.
    runTests().then(onDone, () => undefined);
  }, [generation, tests]);
}
