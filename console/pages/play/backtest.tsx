import type { VNode } from 'preact';
import type { BacktestResult, RuleComparison } from '../../../daemon/http/api/unsaved.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { href, place, setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { CopyCommands } from '../../ui/copy.tsx';
import { Section } from '../../ui/page.tsx';
import { Failed } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { type BacktestRun, useBacktest } from './run.ts';

const SPANS = ['1h', '24h', '7d', '30d'] as const;

/** Runs the rules over the stored history: what they would have sent, beside what was sent. */
export function Backtest({ rules, base }: { rules: string; base: boolean }): VNode {
  const { play } = texts.value;
  const since = place.value.query.since ?? '24h';
  const run = useBacktest();
  const { isRunning, progress, result, error } = run;
  const body = { rules, base, since };
  const start = (): void => run.start(body);
  return (
    <Section
      title={play.history}
      actions={
        <>
          <CopyCommands
            curl={curlOf('POST', '/v1/backtest', body)}
            cli={cliOf('test', '--history', since, 'rules.yaml')}
          />
          <Span since={since} />
          <StartOrStop of={run} start={start} />
        </>
      }
    >
      {isRunning.value && (
        <p class="running" role="status">
          <progress max={1} value={progress.value?.progress ?? 0} aria-label={play.history} />{' '}
          {play.replayed(progress.value?.events ?? 0)}
        </p>
      )}
      {error.value !== undefined && <Failed message={error.value} onRetry={start} />}
      {result.value !== undefined && <Compared of={result.value} />}
      {result.value === undefined && error.value === undefined && !isRunning.value && (
        <p class="soft">{play.historyHint}</p>
      )}
    </Section>
  );
}

function Span({ since }: { since: string }): VNode {
  const { play } = texts.value;
  return (
    <label class="inline">
      {play.over}{' '}
      <select value={since} onChange={({ currentTarget }) => setQuery({ since: currentTarget.value })}>
        {[...new Set([...SPANS, since])].map((span) => (
          <option key={span} value={span}>
            {span}
          </option>
        ))}
      </select>
    </label>
  );
}

function StartOrStop({ of: { isRunning, stop }, start }: { of: BacktestRun; start: () => void }): VNode {
  const { play, common } = texts.value;
  return isRunning.value ? (
    <button type="button" onClick={stop}>
      {common.cancel}
    </button>
  ) : (
    <button type="button" class="primary" onClick={start}>
      {play.run}
    </button>
  );
}

function Compared({ of }: { of: BacktestResult }): VNode {
  const { play } = texts.value;
  const { was, would, events, rules, since, until, history_from: from } = of;
  const changed = rules.filter((rule) => rule.added + rule.removed > 0 || rule.error !== undefined);
  return (
    <>
      <p class="answer">
        <strong>{play.instead(would, was)}</strong>{' '}
        <span class="soft">
          {play.ofEvents(events)} · <Time at={from ?? since} /> – <Time at={until} />
        </span>
      </p>
      {changed.length > 0 && (
        <div class="compared-scroll">
          <table class="compared">
            <thead>
              <tr>
                <th scope="col">{play.rule}</th>
                <th scope="col">{play.was}</th>
                <th scope="col">{play.would}</th>
                <th scope="col">{play.added}</th>
                <th scope="col">{play.removed}</th>
              </tr>
            </thead>
            {changed.map((rule) => (
              <ComparedRule key={rule.rule} of={rule} />
            ))}
          </table>
        </div>
      )}
      <p class="soft">{play.unchanged(rules.length - changed.length)}</p>
    </>
  );
}

function ComparedRule({ of: { rule, was, would, added, removed, examples, error } }: { of: RuleComparison }): VNode {
  return (
    <tbody>
      <tr>
        <th scope="row">{rule}</th>
        <td>{was}</td>
        <td>
          <strong>{would}</strong>
        </td>
        <td class={added > 0 ? 'holds' : 'soft'}>+{added}</td>
        <td class={removed > 0 ? 'fails' : 'soft'}>−{removed}</td>
      </tr>
      {error !== undefined && (
        <tr>
          <td colSpan={5} class="card-error">
            {error}
          </td>
        </tr>
      )}
      {examples.map(({ change, event, title, channel, at }, index) => (
        <tr key={`${index} ${event}`} class="example">
          <td colSpan={5}>
            <span class={change === 'added' ? 'holds' : 'fails'}>{change === 'added' ? '+' : '−'}</span>{' '}
            <Time at={at} /> <span class="soft">{channel}</span> <a href={href(['events', event])}>{title}</a>
          </td>
        </tr>
      ))}
    </tbody>
  );
}
