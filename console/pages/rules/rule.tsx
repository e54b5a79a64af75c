import type { ComponentChildren, VNode } from 'preact';
import type { GenerationView, WholeRuleView } from '../../../daemon/http/views.ts';
import { cliOf, curlOf, path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { exact, now } from '../../lib/time.ts';
import { Chip } from '../../ui/chip.tsx';
import { Copy, CopyCommands } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { layersOf, totalsOf, totalsText } from './activity.ts';
import { Diff, Source } from './diff.tsx';
import { RESULT_TONES } from './history.tsx';

/** One rule in force: what it did last, its text, its tests, how it was changed. */
export function RulePage({ name }: { name: string }): VNode {
  const { rules: words } = texts.value;
  const rule = useResource<WholeRuleView>(path('rules', name));
  return (
    <Page
      title={name}
      actions={
        <>
          <a class="rule-link" href={href(['events'], { rule: name })}>
            {words.events}
          </a>
          <a class="rule-link" href={href(['play'], { rule: name })}>
            {words.play}
          </a>
          <CopyCommands curl={curlOf('GET', path('rules', name))} cli={cliOf('rules', name)} />
        </>
      }
    >
      <Loaded of={rule}>{(found) => <Shown rule={found} />}</Loaded>
    </Page>
  );
}

function Shown({ rule }: { rule: WholeRuleView }): VNode {
  const { rules: words } = texts.value;
  return (
    <>
      <div class="rule-top">
        <Facts of={factsOf(rule)} />
        <Day rule={rule} />
      </div>
      <Section title={words.source} actions={<Copy text={rule.text} label="YAML" />}>
        <Source text={rule.text} first={rule.text_line} label={words.source} />
      </Section>
      <TestResults of={rule.test_results} />
      <RuleChanges name={rule.name} />
    </>
  );
}

function factsOf(rule: WholeRuleView): readonly (readonly [string, ComponentChildren])[] {
  const { rules: words, common } = texts.value;
  const { name, file, line, state, generation, channels, alerts, waiting } = rule;
  const { last_match: matched, last_notified: notified } = rule;
  const firing = alerts.firing + alerts.acknowledged;
  return [
    [
      words.state,
      <>
        <Chip state={state} tone={state === 'live' ? 'ok' : state === 'kept' ? 'bad' : 'warn'} />{' '}
        <a href={href(['rules'], { generation: String(generation) })}>{common.generation(generation)}</a>
      </>,
    ],
    [words.place, <code>{`${file}:${line}`}</code>],
    [words.lastMatch, matched === undefined ? words.never : <Ago at={matched} />],
    [words.lastNotified, notified === undefined ? words.never : <Ago at={notified} />],
    [words.channels, channels.map((channel) => <ChannelLink key={channel} name={channel} />)],
    [words.alerts, firing > 0 && <a href={href(['alerts'], { rule: name })}>{words.firing(alerts)}</a>],
    [words.waiting, waiting > 0 && words.groups(waiting)],
  ];
}

function ChannelLink({ name }: { name: string }): VNode {
  return (
    <a class="rule-part" href={href(['channels', name])}>
      {name}
    </a>
  );
}

/** Outcomes of the last day. Each leads to its events. */
function Day({ rule }: { rule: WholeRuleView }): VNode {
  const { rules: words } = texts.value;
  const totals = totalsOf(rule);
  return (
    <figure class="rule-day">
      <figcaption class="soft">{words.day}</figcaption>
      <Sparkline layers={layersOf(rule, now.value)} label={totalsText(rule) || words.dayNone} />
      {totals.length === 0 && <p class="soft">{words.dayNone}</p>}
      <ul>
        {totals.map(([outcome, count]) => (
          <li key={outcome}>
            <a href={href(['events'], { rule: rule.name, outcome, since: '24h' })}>
              <Chip state={outcome} /> {count.toLocaleString()}
            </a>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function TestResults({ of }: { of: WholeRuleView['test_results'] }): VNode | null {
  const { rules: words } = texts.value;
  if (of === undefined) return null;
  return (
    <Section title={words.tests}>
      {of.length === 0 && <p class="soft">{words.noTests}</p>}
      <ul>
        {of.map(({ file, line, name, ok, problems }) => (
          <li key={`${file}:${line}`} class="rule-test">
            <p>
              <Chip state={ok ? 'passed' : 'failed'} tone={ok ? 'ok' : 'bad'} /> {name}{' '}
              <span class="soft">{`${file.slice(file.lastIndexOf('/') + 1)}:${line}`}</span>
            </p>
            {problems.map((problem) => (
              <p
                key={`${problem.line}:${problem.message}`}
                class="rule-test-problem"
              >{`${problem.line}: ${problem.message}`}</p>
            ))}
          </li>
        ))}
      </ul>
    </Section>
  );
}

type Generations = { readonly generations: readonly GenerationView[] };

/** Reloads that have changed the text of the rule. */
function RuleChanges({ name }: { name: string }): VNode {
  const { rules: words } = texts.value;
  const found = useResource<Generations>('/v1/generations', { live: false });
  return (
    <Section title={words.changes}>
      <Loaded of={found}>
        {({ generations }) => {
          const changes = generations.flatMap((one) =>
            one.diff.filter(({ rule }) => rule === name).map(({ text }) => ({ one, text })),
          );
          if (changes.length === 0) return <p class="soft">{words.noRuleChanges}</p>;
          return changes.map(({ one, text }) => (
            <figure key={one.at} class="rule-change">
              <figcaption>
                <a href={href(['rules'], { generation: String(one.generation) })}>{exact(one.at)}</a>{' '}
                <Chip state={one.result} tone={RESULT_TONES[one.result]} />
              </figcaption>
              <Diff text={text} label={exact(one.at)} />
            </figure>
          ));
        }}
      </Loaded>
    </Section>
  );
}
