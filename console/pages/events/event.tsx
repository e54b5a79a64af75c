import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { EventView, ExplanationView } from '../../../daemon/http/views.ts';
import { curlOf, cliOf, path } from '../../api/paths.ts';
import { may } from '../../api/session.ts';
import { useResource } from '../../api/resource.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Facts, Json } from '../../ui/facts.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Failed, Loaded } from '../../ui/states.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { isMiss, isNear, type RuleStory, storiesOf } from './outcomes.ts';
import { RerunDialog } from './rerun.tsx';
import { RuleCard } from './rule-card.tsx';

/** Most rules whose conditions are drawn at once; there may be ten thousand. */
const MAX_MISSES = 50;

/** One event: why it was sent or not, by every rule. */
export function EventPage({ id }: { id: string }): VNode {
  const { events } = texts.value;
  const event = useResource<EventView>(path('events', id));
  // Explained by the rules of today with the states of now. Without the right id there is nothing to explain.
  const today = useResource<ExplanationView>('/v1/explain', { body: { id } });
  const isRerun = useSignal(false);
  const isGone = event.error.value?.status === 404;
  return (
    <Page
      title={event.value.value?.type ?? events.event}
      actions={
        <>
          <a href={href(['play'], { event: id })}>{events.play}</a>
          {may('admin') && (
            <button type="button" onClick={() => (isRerun.value = true)}>
              {events.rerun}…
            </button>
          )}
          <CopyCommands curl={curlOf('GET', path('events', id))} cli={cliOf('explain', id)} />
        </>
      }
    >
      {isGone ? (
        <Failed message={events.gap} />
      ) : (
        <Loaded of={event}>{(found) => <Story event={found} explanation={today.value.value} />}</Loaded>
      )}
      {today.error.value !== undefined && !isGone && (
        <Failed message={today.error.value.message} onRetry={today.reload} />
      )}
      {isRerun.value && <RerunDialog selection={{ ids: [id] }} onClose={() => (isRerun.value = false)} />}
    </Page>
  );
}

function Story({ event, explanation }: { event: EventView; explanation: ExplanationView | undefined }): VNode {
  const { events } = texts.value;
  const stories = storiesOf(event, explanation);
  const matched = stories.filter((story) => !isMiss(story));
  const misses = stories.filter(isMiss);
  const near = misses.filter(isNear).slice(0, MAX_MISSES);
  const far = misses.filter((story) => !near.includes(story));
  return (
    <>
      <Answer event={event} matched={matched} />
      <div class="story">
        <div>
          {matched.map((story) => (
            <RuleCard key={story.rule} story={story} event={event} isOpen />
          ))}
          {near.length > 0 && <h3 class="story-head">{events.nearest}</h3>}
          {near.map((story) => (
            <RuleCard key={story.rule} story={story} event={event} isOpen={matched.length === 0} />
          ))}
          {far.length > 0 && (
            <details class="far">
              <summary>{events.others(far.length)}</summary>
              {far.slice(0, MAX_MISSES).map((story) => (
                <RuleCard key={story.rule} story={story} event={event} isOpen={false} />
              ))}
            </details>
          )}
        </div>
        <aside>
          <EventFacts event={event} />
          <Section title={events.payload}>
            <Json value={event.event ?? null} label={events.payload} />
          </Section>
        </aside>
      </div>
    </>
  );
}

/** The answer in one line: sent or not, and why not. */
function Answer({ event, matched }: { event: EventView; matched: readonly RuleStory[] }): VNode {
  const { events } = texts.value;
  const sent = matched.filter(({ deliveries }) => deliveries.length > 0).length;
  const failed = (event.deliveries ?? []).filter(({ state }) => state === 'dead').length;
  const isWaiting = (event.waiting ?? []).length > 0;
  const text =
    sent > 0
      ? events.wasNotified(sent)
      : isWaiting
        ? events.isWaiting
        : matched.length > 0
          ? events.wasHeld
          : events.noMatch;
  return (
    <p class="answer">
      {text} {failed > 0 && <strong class="answer-bad">{events.hasFailed(failed)}</strong>}
    </p>
  );
}

function EventFacts({ event }: { event: EventView }): VNode {
  const { events } = texts.value;
  const { id, source, subject, time, received_at, waiting = [] } = event;
  const requeued = (event.event as { requeued?: string } | undefined)?.requeued;
  return (
    <Facts
      of={[
        ['ID', <code class="id">{id}</code>],
        [events.source, <a href={href(['events'], { source })}>{source}</a>],
        [events.subject, subject],
        [
          events.received,
          <>
            <Time at={received_at} /> (<Ago at={received_at} />)
          </>,
        ],
        [events.time, time === received_at ? undefined : <Time at={time} />],
        [
          events.requeued,
          requeued !== undefined && (
            <a href={href(['events', requeued])}>
              <code class="id">{requeued}</code>
            </a>
          ),
        ],
        [
          events.waiting,
          waiting.length > 0 && (
            <ul>
              {waiting.map(({ step, rule, until }) => (
                <li key={`${rule} ${step}`}>
                  <Chip state={step} tone="accent" /> {rule} {until !== undefined && <Ago at={until} />}
                </li>
              ))}
            </ul>
          ),
        ],
      ]}
    />
  );
}
