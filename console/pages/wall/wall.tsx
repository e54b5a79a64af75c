import type { VNode } from 'preact';
import type { NotifiedAlertView } from '../../../daemon/http/views.ts';
import { connection } from '../../api/feed.ts';
import { useResource } from '../../api/resource.ts';
import { status } from '../../api/status.ts';
import { now, short } from '../../lib/time.ts';
import { texts } from '../../lib/texts.ts';
import { Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { Trouble } from '../../parts/trouble.tsx';

/** Alerts that a screen on the wall has place for. */
const MAX_ALERTS = 12;

/** View for a screen on the wall: what fires, oldest first, and what does not work. Nothing can be pressed but the way back. */
export function Wall(): VNode {
  const { wall, common } = texts.value;
  const alerts = useResource<{ alerts: readonly NotifiedAlertView[] }>('/v1/alerts', { everyMs: 5_000 });
  return (
    <main class="wall">
      <header class="wall-head">
        <h1>Belfry</h1>
        <span class="wall-clock">{short(now.value, now.value).slice(0, 5)}</span>
        <a href="#/">{wall.back}</a>
      </header>
      {connection.value === 'lost' && <p class="wall-lost">{common.lost}</p>}
      <Loaded of={alerts}>
        {({ alerts: found }) =>
          found.length === 0 ? <p class="wall-quiet">{wall.quiet}</p> : <Alerts alerts={found} />
        }
      </Loaded>
      {status.value !== undefined && <Trouble status={status.value} />}
    </main>
  );
}

/** List of alerts. The number is that of alerts that nobody has acknowledged, as on the first page. */
function Alerts({ alerts }: { alerts: readonly NotifiedAlertView[] }): VNode {
  const { wall } = texts.value;
  return (
    <>
      <p class="wall-count">{wall.firing(alerts.filter(({ state }) => state === 'firing').length)}</p>
      <ol class="wall-alerts">
        {alerts.slice(0, MAX_ALERTS).map(({ rule, key, since, state }) => (
          <li key={`${rule} ${key}`} class={state === 'firing' ? 'wall-alert' : 'wall-alert wall-acknowledged'}>
            <strong>{rule}</strong> <span>{key}</span> <Ago at={since} />
          </li>
        ))}
      </ol>
    </>
  );
}
