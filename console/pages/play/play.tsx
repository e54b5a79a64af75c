import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { LeveledProblem } from '../../../daemon/core/problems/failure.ts';
import type { EventView } from '../../../daemon/http/views.ts';
import { get } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { place, setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { messageOf } from '../../ui/action.tsx';
import { Copy } from '../../ui/copy.tsx';
import { notify } from '../../ui/notice.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { type PlayAnswer, useAnswer } from './answer.ts';
import { Backtest } from './backtest.tsx';
import { eventDraft, fileOf, rulesDraft } from './drafts.ts';
import { Editor } from './editor.tsx';
import { Explained } from './explained.tsx';
import { PickEvent } from './pick-event.tsx';
import { Problems } from './problems.tsx';

/** Rules and an event side by side: what the rules say about it as one types, and what they would have sent in the past. */
export function Play(): VNode {
  const { play } = texts.value;
  const base = place.value.query.alone === undefined;
  useLoaded();
  const rules = rulesDraft.value;
  const { answer, isAsking } = useAnswer(rules, eventDraft.value, base);
  const { check, event } = answer.value;
  return (
    <Page title={play.title} actions={<Copy text={rules} label="YAML" />}>
      <p class="soft play-hint">{play.hint}</p>
      <div class="play">
        <RulesEditor problems={check?.problems ?? []} base={base} />
        <EventEditor error={event} />
      </div>
      <Result of={answer.value} isAsking={isAsking.value} />
      <Backtest rules={rules} base={base} />
    </Page>
  );
}

function RulesEditor({ problems, base }: { problems: readonly LeveledProblem[]; base: boolean }): VNode {
  const { play } = texts.value;
  const wrong = problems.filter(({ file, level }) => file === 'rules' && level === 'error');
  return (
    <Section title={play.rules} actions={<RulesActions />}>
      <Editor
        label={play.rules}
        text={rulesDraft}
        hint={play.tabHint}
        placeholder={play.rulesExample}
        wrong={wrong.map(({ line }) => line)}
        onEdit={() => place.value.query.rule !== undefined && setQuery({ rule: undefined }, { replace: true })}
      />
      <label class="inline">
        <input
          type="checkbox"
          checked={base}
          onChange={({ currentTarget }) => setQuery({ alone: currentTarget.checked ? undefined : '1' })}
        />{' '}
        {play.base}
      </label>
    </Section>
  );
}

function EventEditor({ error }: { error: string | undefined }): VNode {
  const { play } = texts.value;
  return (
    <Section title={play.event} actions={<EventActions />}>
      <Editor
        label={play.event}
        text={eventDraft}
        hint={play.tabHint}
        onEdit={() => place.value.query.event !== undefined && setQuery({ event: undefined }, { replace: true })}
      />
      <ErrorLine text={error} />
    </Section>
  );
}

function Result({ of: { check, explanation, error }, isAsking }: { of: PlayAnswer; isAsking: boolean }): VNode {
  const { play } = texts.value;
  const state = isAsking ? play.asking : check && play.checked(check.valid);
  return (
    <Section title={play.result} actions={<span class="soft">{state}</span>}>
      <div aria-live="polite" aria-busy={isAsking} class={isAsking ? 'stale' : undefined}>
        <ErrorLine text={error} />
        <Problems of={check?.problems ?? []} />
        {explanation?.valid === true && <Explained rules={explanation.rules} />}
      </div>
    </Section>
  );
}

function ErrorLine({ text }: { text: string | undefined }): VNode | null {
  if (text === undefined) return null;
  return (
    <p class="card-error" role="alert">
      {text}
    </p>
  );
}

/** Loads the event and the rule that the address names. */
function useLoaded(): void {
  const { event, rule } = place.value.query;
  useEffect(() => {
    if (event === undefined) return;
    get<EventView>(path('events', event)).then(
      (view) => {
        eventDraft.value = `${JSON.stringify(view.event, null, 2)}\n`;
      },
      (error: unknown) => notify(messageOf(error), 'bad'),
    );
  }, [event]);
  useEffect(() => {
    if (rule === undefined) return;
    get<{ readonly text: string }>(path('rules', rule)).then(
      ({ text }) => {
        rulesDraft.value = fileOf(text);
      },
      (error: unknown) => notify(messageOf(error), 'bad'),
    );
  }, [rule]);
}

function RulesActions(): VNode | null {
  const { play } = texts.value;
  const loaded = useResource<{ readonly rules: readonly { readonly name: string }[] }>('/v1/rules', {
    query: { text: 'false' },
    live: false,
  });
  const names = loaded.value.value?.rules.map(({ name }) => name) ?? [];
  if (names.length === 0) return null;
  return (
    <label class="inline">
      {play.load}{' '}
      <select
        value={place.value.query.rule ?? ''}
        onChange={({ currentTarget }) => setQuery({ rule: currentTarget.value })}
      >
        <option value="">–</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function EventActions(): VNode {
  const { play } = texts.value;
  const isPicking = useSignal(false);
  return (
    <>
      <button type="button" onClick={() => (isPicking.value = true)}>
        {play.pick}
      </button>
      {isPicking.value && (
        <PickEvent
          onClose={() => (isPicking.value = false)}
          onPick={(id) => {
            isPicking.value = false;
            setQuery({ event: id });
          }}
        />
      )}
    </>
  );
}
