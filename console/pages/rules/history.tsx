import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { GenerationView } from '../../../daemon/http/views.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { status } from '../../api/status.ts';
import { href, place, setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { exact } from '../../lib/time.ts';
import { Chip, type Tone } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { Diff } from './diff.tsx';
import { Problems } from './problems.tsx';
import { Tabs } from './tabs.tsx';

export const RESULT_TONES: Readonly<Record<GenerationView['result'], Tone>> = {
  applied: 'ok',
  partial: 'warn',
  refused: 'bad',
};

type Generations = { readonly generations: readonly GenerationView[] };

/** The last reloads, the latest first; that of the address is open. */
export function History(): VNode {
  const { rules: words } = texts.value;
  const found = useResource<Generations>('/v1/generations', { live: false, everyMs: 10_000 });
  const generation = status.value?.generation;
  useEffect(found.reload, [generation]);
  const { generation: wanted } = place.value.query;
  return (
    <Page
      title={words.changes}
      actions={<CopyCommands curl={curlOf('GET', '/v1/generations')} cli={cliOf('rules', 'history')} />}
    >
      <Tabs />
      <Loaded of={found}>
        {({ generations }) =>
          generations.length === 0 ? (
            <Empty title={words.noChanges} />
          ) : (
            generations.map((one, index) => (
              <Generation
                key={`${one.at} ${one.result}`}
                of={one}
                isOpen={wanted === 'last' ? index === 0 : String(one.generation) === wanted}
              />
            ))
          )
        }
      </Loaded>
    </Page>
  );
}

function Generation({ of, isOpen }: { of: GenerationView; isOpen: boolean }): VNode {
  const { rules: words, common } = texts.value;
  const { generation, at, by, result, counts } = of;
  const card = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (isOpen && place.value.query.generation !== 'last') card.current?.scrollIntoView({ block: 'center' });
  }, []);
  const numbers = [
    ['+', counts.added],
    ['~', counts.changed],
    ['−', counts.removed],
  ] as const;
  return (
    <details
      class="rule-generation"
      open={isOpen}
      ref={card}
      onToggle={({ currentTarget }) => {
        if (currentTarget.open && !isOpen) setQuery({ generation: String(generation) }, { replace: true });
      }}
    >
      <summary>
        <span class="rule-generation-time">{exact(at)}</span>
        <Chip state={result} tone={RESULT_TONES[result]} />
        <span class="rule-generation-counts">
          {numbers.flatMap(([mark, count]) => (count > 0 ? [`${mark}${count}`] : [])).join(' ')}
        </span>
        <span>{common.generation(generation)}</span>
        <span class="soft">{words.by[by]}</span>
        <span class="soft rule-generation-ago">
          <Ago at={at} />
        </span>
      </summary>
      <Changes of={of} />
    </details>
  );
}

const MAX_NAMES = 40;

function Changes({ of }: { of: GenerationView }): VNode {
  const { rules: words } = texts.value;
  const { diff, diff_omitted: omitted = 0, notes, restart_needed: restart, problems } = of;
  const verbs = (['added', 'changed', 'removed'] as const).filter((verb) => of[verb].length > 0);
  return (
    <div class="rule-generation-body">
      <Problems of={problems} />
      {verbs.map((verb) => (
        <p key={verb} class="rule-parts">
          <span class="soft">{words[verb]}</span>{' '}
          {of[verb].slice(0, MAX_NAMES).map((name) => (
            <PartName key={name} name={name} isGone={verb === 'removed'} />
          ))}
          {of.counts[verb] > MAX_NAMES && words.more(of.counts[verb] - MAX_NAMES)}
        </p>
      ))}
      {restart.length > 0 && <p>{words.restart(restart.join(', '))}</p>}
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {diff.map(({ rule, file, line, text }) => (
        <figure key={rule} class="rule-change">
          <figcaption>
            <a href={href(['rules', rule])}>{rule}</a> <span class="soft">{`${file}:${line}`}</span>
          </figcaption>
          <Diff text={text} label={rule} />
        </figure>
      ))}
      {omitted > 0 && <p class="soft">{words.omitted(omitted)}</p>}
      {of.changed.length > 0 && diff.length === 0 && omitted === 0 && <p class="soft">{words.sameText}</p>}
    </div>
  );
}

/** `rule failed-deploy` links to the rule. */
function PartName({ name, isGone }: { name: string; isGone: boolean }): VNode {
  const rule = name.startsWith('rule ') ? name.slice('rule '.length) : undefined;
  return (
    <span class="rule-part">{rule === undefined || isGone ? name : <a href={href(['rules', rule])}>{name}</a>}</span>
  );
}
