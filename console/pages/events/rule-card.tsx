import type { VNode } from 'preact';
import type { EventView } from '../../../daemon/http/views.ts';
import { call } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { may } from '../../api/session.ts';
import { matchOfAlert, newSilenceHref } from '../../lib/places.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { Conditions } from '../../parts/conditions.tsx';
import { DeliveryLine } from './delivery-line.tsx';
import { differsToday, type RuleStory } from './outcomes.ts';
import { TodaySends } from './today-sends.tsx';

/** One rule: outcome and reason, what came of it, its conditions, and the actions that help. */
export function RuleCard({ story, event, isOpen }: { story: RuleStory; event: EventView; isOpen: boolean }): VNode {
  const { events } = texts.value;
  const { rule, outcome, result, deliveries, today } = story;
  const reason = result?.reason ?? (result === undefined ? today?.reason : undefined);
  return (
    <section class="card" aria-label={rule}>
      <CardHead story={story} />
      {reason !== undefined && (
        <p class="card-reason">
          {reason}
          {result?.until !== undefined && (
            <>
              {' · '}
              {events.until} <Time at={result.until} /> (<Ago at={result.until} />)
            </>
          )}
        </p>
      )}
      {(result?.errors ?? []).map((error) => (
        <p key={error} class="card-error">
          {error}
        </p>
      ))}
      {deliveries.map((delivery) => (
        <DeliveryLine key={delivery.id} delivery={delivery} event={event} />
      ))}
      {differsToday(story) && (
        <p class="card-today">
          {today === undefined ? events.gone : events.today} {today !== undefined && <Chip state={today.outcome} />}{' '}
          {today?.reason}
        </p>
      )}
      {result?.silence === undefined ? (
        deliveries.length > 0 && <NewSilence rule={rule} keyOf={result?.key} />
      ) : (
        <SilenceAction silence={result.silence} />
      )}
      {today !== undefined && (
        <details class="card-more" open={isOpen && outcome === 'no_match'}>
          <summary>{events.conditions}</summary>
          <Conditions of={today.conditions} />
          {today.sends.length > 0 && <TodaySends rule={rule} event={event.id} sends={today.sends} />}
        </details>
      )}
    </section>
  );
}

function CardHead({ story: { rule, outcome, earlier, result } }: { story: RuleStory }): VNode {
  const { events } = texts.value;
  return (
    <header class="card-head">
      <Chip state={outcome} />
      <h3>
        <a href={href(['rules', rule])}>{rule}</a>
      </h3>
      {earlier.length > 0 && (
        <span class="soft">
          {events.earlier} {earlier.join(', ')}
        </span>
      )}
      {result?.key !== undefined && (
        <a class="soft card-key" href={href(['events'], { rule, key: result.key })}>
          {result.key}
        </a>
      )}
    </header>
  );
}

/** Leads to a silence for the rule and key of this event, with its preview. */
function NewSilence({ rule, keyOf: key = '' }: { rule: string; keyOf: string | undefined }): VNode | null {
  if (!may('ack')) return null;
  return (
    <p class="card-actions">
      <a class="button" href={newSilenceHref(matchOfAlert({ rule, key }))}>
        {texts.value.alerts.silence}
      </a>
    </p>
  );
}

function SilenceAction({ silence }: { silence: string }): VNode {
  const { events } = texts.value;
  const end = async (): Promise<string> => {
    await call('DELETE', path('silences', silence));
    return events.silenceEnded;
  };
  return (
    <p class="card-actions">
      <a href={href(['silences', silence])}>{events.silence}</a>
      <Action scope="ack" run={end}>
        {events.expireSilence}
      </Action>
    </p>
  );
}
