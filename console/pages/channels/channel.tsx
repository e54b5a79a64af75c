import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { ChannelDetailView } from '../../../daemon/http/api/channels.ts';
import type { ChannelTestView } from '../../../daemon/http/daemon-api.ts';
import { call } from '../../api/client.ts';
import { cliOf, curlOf, path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { may } from '../../api/session.ts';
import { href, place, setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Failed, Loaded } from '../../ui/states.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { reasonOf } from './health.ts';
import { HoldDialog } from './hold-dialog.tsx';
import { RateBar } from './rate-bar.tsx';
import { TestDialog } from './test-dialog.tsx';
import { TestResult } from './test-result.tsx';

const EVERY_MS = 2_000;

/** One channel: whether it sends, what keeps it, what waits, and the actions that help. */
export function ChannelPage({ name }: { name: string }): VNode {
  const { channels } = texts.value;
  const all = useResource<{ channels: readonly ChannelDetailView[] }>('/v1/channels', { everyMs: EVERY_MS });
  const tested = useSignal<ChannelTestView | undefined>(undefined);
  const channel = all.value.value?.channels.find((one) => one.name === name);
  const close = (): void => setQuery({ do: undefined, rule: undefined, event: undefined });
  const open = place.value.query.do;
  return (
    <Page title={name} actions={<CopyCommands {...commandsFor(name)} />}>
      <Loaded of={all}>
        {() =>
          channel === undefined ? (
            <Failed message={channels.gone(name)} />
          ) : (
            <>
              <State channel={channel} onTested={(result) => (tested.value = result)} />
              {tested.value !== undefined && <TestResult result={tested.value} />}
              <Section title={channels.facts}>
                <ChannelFacts channel={channel} />
              </Section>
            </>
          )
        }
      </Loaded>
      {channel !== undefined && may('admin') && open === 'hold' && <HoldDialog channel={name} onClose={close} />}
      {channel !== undefined && may('admin') && open === 'test' && (
        <TestDialog channel={name} onClose={close} onTested={(result) => (tested.value = result)} />
      )}
    </Page>
  );
}

const commandsFor = (name: string): { readonly curl: string; readonly cli: string } => ({
  curl: curlOf('POST', path('channels', name, 'test'), {}),
  cli: cliOf('channel', 'test', name),
});

/** State in one line, its reason, and the actions. */
function State(props: { channel: ChannelDetailView; onTested: (result: ChannelTestView) => void }): VNode {
  const { channels } = texts.value;
  const { channel, onTested } = props;
  const { name, state, since } = channel;
  const isGone = state === 'removed';
  const test = async (): Promise<void> => onTested(await call('POST', path('channels', name, 'test'), { body: {} }));
  const release = async (): Promise<string> => {
    await call('POST', path('channels', name, 'release'), { body: {} });
    return channels.released;
  };
  return (
    <div class="card">
      <p>
        <Chip state={state} /> {state === 'ok' ? channels.works : reasonOf(channel)}
        {since !== undefined && (
          <span class="soft">
            {' '}
            · <Ago at={since} />
          </span>
        )}
      </p>
      {state === 'misconfigured' && <p class="soft">{channels.misconfigured}</p>}
      {!isGone && may('admin') && (
        <p class="channel-actions">
          <Action scope="admin" run={test} {...(state === 'misconfigured' && { kind: 'primary' as const })}>
            {channels.test}
          </Action>
          <button type="button" onClick={() => setQuery({ do: 'test' })}>
            {channels.testEvent}
          </button>
          {state === 'paused' ? (
            <Action scope="admin" run={release} kind="primary">
              {channels.release}
            </Action>
          ) : (
            <button type="button" onClick={() => setQuery({ do: 'hold' })}>
              {channels.hold}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function ChannelFacts({ channel }: { channel: ChannelDetailView }): VNode {
  const { channels } = texts.value;
  const { name, type, summary, documentation, breaker, rate, pending, held, sending } = channel;
  const { oldest_at: oldest, last_success_at: success, until, resting_until: resting, next_at: next } = channel;
  const isWeb = documentation !== undefined && /^https?:\/\//.test(documentation);
  return (
    <Facts
      of={[
        [
          channels.breaker,
          breaker !== undefined && (
            <>
              <Chip state={breaker.state} tone={breaker.state === 'open' ? 'bad' : 'ok'} />{' '}
              {channels.failures(breaker.failures)}
              {breaker.probe_at !== undefined && (
                <>
                  , {channels.probe} <Ago at={breaker.probe_at} />
                </>
              )}
            </>
          ),
        ],
        [channels.rate, rate === undefined ? channels.noRate : <RateBar rate={rate} />],
        [channels.resting, resting !== undefined && <Time at={resting} />],
        [channels.heldUntil, until !== undefined && <Time at={until} />],
        [channels.queue, channels.counts(pending, sending, held)],
        [channels.oldestWaiting, oldest !== undefined && <Ago at={oldest} />],
        [channels.next, next !== undefined && <Ago at={next} />],
        [channels.success, success === undefined ? channels.noSuccess : <Ago at={success} />],
        [
          channels.type,
          <>
            {isWeb ? (
              <a href={documentation} target="_blank" rel="noreferrer">
                {type}
              </a>
            ) : (
              type
            )}
            {summary !== undefined && <span class="soft"> · {summary}</span>}
          </>,
        ],
        [
          channels.more,
          <>
            <a href={href(['deliveries'], { channel: name })}>{channels.deliveries}</a> ·{' '}
            <a href={href(['dead'], { channel: name })}>{channels.dead}</a>
          </>,
        ],
      ]}
    />
  );
}
