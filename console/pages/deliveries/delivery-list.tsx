import type { VNode } from 'preact';
import type { DeliveryView } from '../../../daemon/http/views.ts';
import { addressOf } from '../../api/client.ts';
import { usePages } from '../../api/pages.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { href, place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Filters } from '../../ui/filters.tsx';
import { Page } from '../../ui/page.tsx';
import { PagedList } from '../../ui/paged-list.tsx';
import { chosenOf, historyFilters } from '../../parts/history-filters.ts';
import { Ago, Time } from '../../ui/time.tsx';
import { CLASSES, STATES } from './words.ts';

/** Filters that the page shares with the call and with the command. */
const NAMES = ['text', 'state', 'channel', 'rule', 'class', 'code', 'key', 'since', 'until'] as const;

/** Deliveries, newest first. */
export function DeliveryList(): VNode {
  const { deliveries } = texts.value;
  const query = chosenOf(NAMES, place.value.query);
  const pages = usePages<DeliveryView>('/v1/deliveries', 'deliveries', { ...query, message: 'true' });
  const words = Object.entries(query).flatMap(([name, value]) => [`--${name}`, value!]);
  const call = `/v1/deliveries${addressOf('/v1/deliveries', query).search}`;
  return (
    <Page
      title={deliveries.title}
      actions={<CopyCommands curl={curlOf('GET', call)} cli={cliOf('deliveries', ...words)} />}
    >
      <Filters of={historyFilters(NAMES, { state: STATES, class: CLASSES })} />
      <PagedList
        of={pages}
        label={deliveries.title}
        empty={[deliveries.none, deliveries.noneMore]}
        hrefOf={({ id }) => href(['deliveries', id])}
        render={(delivery) => <Row delivery={delivery} />}
      />
    </Page>
  );
}

function Row({ delivery }: { delivery: DeliveryView }): VNode {
  const { deliveries } = texts.value;
  const { created_at, state, channel, rule, message, attempts, next_at, reason } = delivery;
  const failure = failureOf(delivery);
  return (
    <>
      <span class="cell cell-time">{created_at !== undefined && <Time at={created_at} />}</span>
      <span class="cell cell-state">
        <Chip state={state} {...(reason !== undefined && { title: reason })} />
      </span>
      <span class="cell cell-main">{channel}</span>
      <span class="cell cell-more">{message?.title ?? rule}</span>
      {failure !== undefined && (
        <span class="cell delivery-code" title={failure.title}>
          {failure.code}
        </span>
      )}
      <span class="cell delivery-next">
        {next_at !== undefined ? (
          <>
            {texts.value.events.next} <Ago at={next_at} />
          </>
        ) : (
          attempts.length > 1 && deliveries.attempts(attempts.length)
        )}
      </span>
    </>
  );
}

/** Code of the failure of a delivery that has not arrived, with class and message as its title. */
function failureOf({ state, attempts, error }: DeliveryView): { code: string; title: string } | undefined {
  if (state === 'delivered') return undefined;
  const { class: name, code, message } = error ?? attempts.at(-1) ?? {};
  if (code === undefined) return undefined;
  return { code, title: `${name ?? ''}: ${message ?? ''}` };
}
