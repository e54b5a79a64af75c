import type { ComponentChildren, VNode } from 'preact';
import type { ChannelTestView } from '../../../daemon/http/daemon-api.ts';
import type { DeliveryView } from '../../../daemon/http/views.ts';
import { call } from '../../api/client.ts';
import { cliOf, curlOf, path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { DeliveryActions } from '../../parts/delivery-actions.tsx';
import { ExchangeSection } from './exchange.tsx';
import { toneOfClass } from './words.ts';

/** One delivery: how far it came, each attempt, what the last one sent and got, and the action that helps. */
export function DeliveryPage({ id }: { id: string }): VNode {
  const { deliveries } = texts.value;
  const delivery = useResource<DeliveryView>(path('deliveries', id));
  const found = delivery.value.value;
  return (
    <Page
      title={found === undefined ? deliveries.one : (found.message?.title ?? deliveries.one)}
      actions={<CopyCommands curl={curlOf('GET', path('deliveries', id))} cli={cliOf('deliveries', id)} />}
    >
      <Loaded of={delivery}>{(one) => <Story delivery={one} />}</Loaded>
    </Page>
  );
}

async function testChannel(channel: string): Promise<string> {
  const { ok, error } = await call<ChannelTestView>('POST', path('channels', channel, 'test'), { body: {} });
  if (!ok) throw new Error(`${error?.code ?? ''}: ${error?.message ?? ''}`);
  return texts.value.deliveries.tested(channel);
}

function Story({ delivery }: { delivery: DeliveryView }): VNode {
  const { deliveries } = texts.value;
  return (
    <>
      <Answer delivery={delivery} />
      <DeliveryActions delivery={delivery} test={() => testChannel(delivery.channel)} />
      <div class="delivery-story">
        <Section title={deliveries.attempted}>
          <Attempts delivery={delivery} />
        </Section>
        <Section title={deliveries.about}>
          <DeliveryFacts delivery={delivery} />
        </Section>
      </div>
      <ExchangeSection delivery={delivery} />
      <Message of={delivery.message} />
    </>
  );
}

/** State in one line: why it has not arrived, and what ends that. */
function Answer({ delivery }: { delivery: DeliveryView }): VNode {
  const { deliveries } = texts.value;
  const { state, next_at, reason, mend, error } = delivery;
  return (
    <p class="delivery-answer">
      <Chip state={state} /> <span>{deliveries.states[state]}</span>
      {next_at !== undefined && (
        <span>
          {texts.value.events.next} <Ago at={next_at} />
        </span>
      )}
      {error !== undefined && <Failure of={error} />}
      {reason !== undefined && <span class="soft">{reason}</span>}
      {mend !== undefined && (
        <span class="soft">
          → <code>{mend}</code>
        </span>
      )}
    </p>
  );
}

function Failure({ of }: { of: { class?: string; code?: string; message?: string; meaning?: string } }): VNode {
  const { deliveries } = texts.value;
  const meaning = of.meaning === undefined || of.class === undefined ? '' : deliveries.meaning(of.class, of.meaning);
  return (
    <span>
      {of.class !== undefined && <Chip state={of.class} tone={toneOfClass(of.class)} />}{' '}
      <code class="delivery-code">{of.code}</code> {of.message}
      {meaning !== '' && <span class="delivery-meaning">{meaning}</span>}
    </span>
  );
}

function Attempts({ delivery: { attempts, receipt } }: { delivery: DeliveryView }): VNode {
  const { deliveries } = texts.value;
  if (attempts.length === 0 && receipt === undefined) return <p class="quiet-line">{deliveries.noAttempt}</p>;
  return (
    <ol class="delivery-attempts">
      {attempts.map((attempt) => (
        <li key={attempt.at}>
          <span class="delivery-at">
            <Time at={attempt.at} />
            <small>{attempt.ms} ms</small>
          </span>
          {attempt.class === undefined ? <Chip state={deliveries.accepted} tone="ok" /> : <Failure of={attempt} />}
          {attempt.probe === true && <span class="soft">{deliveries.probe}</span>}
        </li>
      ))}
      {receipt !== undefined && (
        <li>
          <span class="delivery-at">{deliveries.receipt}</span>
          <code class="id">{[receipt.id, receipt.status, receipt.answer].filter(Boolean).join(' · ')}</code>
        </li>
      )}
    </ol>
  );
}

function DeliveryFacts({ delivery }: { delivery: DeliveryView }): VNode {
  const { deliveries } = texts.value;
  const { labels } = texts.value.filters;
  const { id, event, rule, channel, key, created_at } = delivery;
  return (
    <Facts
      of={[
        [labels.channel, <a href={href(['channels', channel])}>{channel}</a>],
        [labels.rule, <a href={href(['rules', rule])}>{rule}</a>],
        [labels.key, key !== '' && <a href={href(['deliveries'], { rule, key })}>{key}</a>],
        [deliveries.event, event !== '' && <Id of={<a href={href(['events', event])}>{event}</a>} />],
        [
          deliveries.created,
          created_at !== undefined && (
            <>
              <Time at={created_at} /> (<Ago at={created_at} />)
            </>
          ),
        ],
        ['ID', <Id of={id} />],
      ]}
    />
  );
}

function Id({ of }: { of: ComponentChildren }): VNode {
  return <code class="id">{of}</code>;
}

function Message({ of }: { of: DeliveryView['message'] }): VNode | null {
  const { deliveries } = texts.value;
  if (of === undefined) return null;
  const { title, body, priority, tags, link, fields } = of;
  return (
    <Section title={deliveries.message}>
      <div class="delivery-message">
        <p class="delivery-title">{title}</p>
        {body !== '' && <p class="delivery-body">{body}</p>}
        <Facts
          of={[
            [deliveries.priority, priority === 'normal' ? undefined : priority],
            [deliveries.tags, tags.join(', ')],
            [deliveries.link, link],
            ...Object.entries(fields ?? {}).map(([name, value]) => [name, String(value)] as const),
          ]}
        />
      </div>
    </Section>
  );
}
