import type { VNode } from 'preact';
import type { DeliveryView, EventView } from '../../../daemon/http/views.ts';
import { useResource } from '../../api/resource.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { HistoryLine } from '../../parts/history-line.tsx';
import { WindowedList } from '../../ui/list.tsx';
import { Section } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { entriesOf } from './entries.ts';

/** Entries of each kind that are read; the pages of events and deliveries have the rest. */
const MAX_READ = '100';

/** Events and notifications of a key, newest first, also after the end of its alert. */
export function AlertHistory({ alertKey: key, rule }: { alertKey: string; rule: string | undefined }): VNode {
  const { alerts: t } = texts.value;
  const query = { key, ...(rule !== undefined && { rule }), limit: MAX_READ };
  const events = useResource<{ events: readonly EventView[] }>('/v1/events', { query });
  const deliveries = useResource<{ deliveries: readonly DeliveryView[] }>('/v1/deliveries', { query });
  const filter = { key, rule };
  return (
    <Section
      title={t.history}
      actions={
        <>
          <a href={href(['events'], filter)}>{t.allEvents}</a>
          <a href={href(['deliveries'], filter)}>{t.allDeliveries}</a>
        </>
      }
    >
      <Loaded of={events}>
        {({ events: found }) => {
          const entries = entriesOf(found, deliveries.value.value?.deliveries.filter((one) => one.key === key) ?? []);
          if (entries.length === 0) return <Empty title={t.noHistory} />;
          return (
            <WindowedList
              items={entries}
              label={t.history}
              keyOf={({ id }) => id}
              hrefOf={({ to }) => to}
              render={(entry) => <HistoryLine {...entry} />}
            />
          );
        }}
      </Loaded>
    </Section>
  );
}
