import type { VNode } from 'preact';
import { status } from '../../api/status.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Page, Section } from '../../ui/page.tsx';
import { Loading } from '../../ui/states.tsx';
import { LiveFeed } from './live-feed.tsx';
import { Trouble } from '../../parts/trouble.tsx';

/** First page: what waits, what is wrong, and what happens now. */
export function Home(): VNode {
  const { home } = texts.value;
  const found = status.value;
  return (
    <Page title={home.title}>
      {found === undefined ? (
        <Loading />
      ) : (
        <>
          <Numbers />
          <Section title={home.trouble}>
            <Trouble status={found} />
          </Section>
        </>
      )}
      <LiveFeed />
    </Page>
  );
}

/** Queue and alerts as numbers, each a link to its list. */
function Numbers(): VNode | null {
  const { home } = texts.value;
  const found = status.value;
  if (found === undefined) return null;
  const { deliveries, alerts, silences, ready } = found;
  const numbers = [
    { label: home.firing, value: alerts.firing - alerts.acknowledged, to: href(['alerts']), tone: 'bad' },
    { label: home.acknowledged, value: alerts.acknowledged, to: href(['alerts']), tone: 'warn' },
    { label: home.dead, value: deliveries.dead, to: href(['dead']), tone: 'bad' },
    { label: home.held, value: deliveries.held, to: href(['deliveries'], { state: 'held' }), tone: 'warn' },
    { label: home.waiting, value: deliveries.pending, to: href(['deliveries'], { state: 'pending' }), tone: 'accent' },
    { label: home.sending, value: deliveries.sending, to: href(['deliveries'], { state: 'sending' }), tone: 'accent' },
    { label: home.silenced, value: silences.active, to: href(['silences']), tone: 'quiet' },
  ];
  return (
    <ul class="numbers" aria-label={ready ? home.ready : home.notReady}>
      {numbers.map(({ label, value, to, tone }) => (
        <li key={label}>
          <a href={to} class={value > 0 ? `number number-${tone}` : 'number'}>
            <strong>{value.toLocaleString()}</strong> <span>{label}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
