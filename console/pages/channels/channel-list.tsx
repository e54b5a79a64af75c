import type { VNode } from 'preact';
import type { ChannelDetailView } from '../../../daemon/http/api/channels.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { href, place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Filters } from '../../ui/filters.tsx';
import { WindowedList } from '../../ui/list.tsx';
import { Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { owed, reasonOf, search, worstFirst } from './health.ts';
import { RateBar } from './rate-bar.tsx';

const EVERY_MS = 5_000;

/** Every channel with its state, the ones in trouble first. */
export function ChannelList(): VNode {
  const { channels } = texts.value;
  const all = useResource<{ channels: readonly ChannelDetailView[] }>('/v1/channels', { everyMs: EVERY_MS });
  const { text = '' } = place.value.query;
  return (
    <Page
      title={channels.title}
      actions={<CopyCommands curl={curlOf('GET', '/v1/channels')} cli={cliOf('channel', 'list')} />}
    >
      <Filters of={[{ name: 'text', label: texts.value.filters.labels.text, isSearch: true }]} />
      <Loaded of={all}>
        {({ channels: found }) => {
          const shown = worstFirst(search(found, text));
          if (found.length === 0) return <Empty title={channels.none}>{channels.noneMore}</Empty>;
          if (shown.length === 0) return <Empty title={channels.noMatch} />;
          const hasRates = shown.some(({ rate }) => rate !== undefined);
          return (
            <WindowedList
              items={shown}
              label={channels.title}
              keyOf={({ name }) => name}
              hrefOf={({ name }) => href(['channels', name])}
              render={(channel) => <Row channel={channel} hasRates={hasRates} />}
              row={44}
              phoneRow={76}
            />
          );
        }}
      </Loaded>
    </Page>
  );
}

function Row({ channel, hasRates }: { channel: ChannelDetailView; hasRates: boolean }): VNode {
  const { channels } = texts.value;
  const { name, type, state, rate, oldest_at: oldest, last_success_at: success } = channel;
  const waiting = owed(channel);
  return (
    <>
      <span class="cell cell-state channel-state">
        <Chip state={state} />
      </span>
      <span class="cell channel-name">
        <strong>{name}</strong>
        <small>{type}</small>
      </span>
      <span class="cell cell-more">{reasonOf(channel)}</span>
      {hasRates && <span class="cell channel-rate">{rate !== undefined && <RateBar rate={rate} />}</span>}
      <span class="cell channel-number">
        {waiting === 0 ? (
          <span class="soft">{channels.idle}</span>
        ) : (
          <>
            {channels.waiting(waiting)}
            {oldest !== undefined && (
              <small>
                {channels.oldest} <Ago at={oldest} />
              </small>
            )}
          </>
        )}
      </span>
      <span class="cell channel-number channel-success">
        {success === undefined ? <span class="soft">{channels.noSuccess}</span> : <Ago at={success} />}
        {success !== undefined && <small>{channels.lastSuccess}</small>}
      </span>
    </>
  );
}
