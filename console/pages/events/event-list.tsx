import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { EventView } from '../../../daemon/http/views.ts';
import { usePages } from '../../api/pages.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { addressOf } from '../../api/client.ts';
import { may } from '../../api/session.ts';
import { href, place, type Query } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { chosenOf, historyFilters } from '../../parts/history-filters.ts';
import { HistoryLine, statesOf } from '../../parts/history-line.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Filters } from '../../ui/filters.tsx';
import { Page } from '../../ui/page.tsx';
import { PagedList } from '../../ui/paged-list.tsx';
import { OUTCOMES } from './outcomes.ts';
import { RerunDialog } from './rerun.tsx';

/** Filters that the page shares with the call and with the command. */
const NAMES = ['text', 'outcome', 'rule', 'type', 'source', 'key', 'since', 'until'] as const;

/** Past events, newest first. */
export function EventList(): VNode {
  const { events } = texts.value;
  const query = chosenOf(NAMES, place.value.query);
  const pages = usePages<EventView>('/v1/events', 'events', query);
  const isRerun = useSignal(false);
  const words = Object.entries(query).flatMap(([name, value]) => [`--${name}`, value!]);
  return (
    <Page
      title={events.title}
      actions={
        <>
          {may('admin') && (
            <button type="button" onClick={() => (isRerun.value = true)}>
              {events.rerun}…
            </button>
          )}
          <CopyCommands curl={curlOf('GET', callOf(query))} cli={cliOf('events', ...words)} />
        </>
      }
    >
      <Filters of={historyFilters(NAMES, { outcome: OUTCOMES })} />
      <PagedList
        of={pages}
        label={events.title}
        empty={[events.none, events.noneMore]}
        hrefOf={({ id }) => href(['events', id])}
        render={(event) => <Row event={event} />}
      />
      {isRerun.value && (
        <RerunDialog
          selection={{ filter: query as Readonly<Record<string, string>> }}
          onClose={() => (isRerun.value = false)}
        />
      )}
    </Page>
  );
}

const callOf = (query: Query): string => `/v1/events${addressOf('/v1/events', query).search}`;

function Row({ event: { received_at, type, subject, source, outcomes } }: { event: EventView }): VNode {
  return (
    <HistoryLine
      at={received_at}
      states={statesOf(outcomes)}
      what={type}
      more={subject}
      side={Object.keys(outcomes).join(', ') || source}
    />
  );
}
