import type { VNode } from 'preact';
import type { NotifiedAlertView } from '../../../daemon/http/views.ts';
import { useResource } from '../../api/resource.ts';
import { place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { AlertPage } from './alert.tsx';
import { AlertList } from './list.tsx';

/** Page of alerts: the list, or the alerts of one key. */
export function Alerts(): VNode {
  const { path, query } = place.value;
  const alerts = useResource<{ alerts: readonly NotifiedAlertView[] }>('/v1/alerts', { everyMs: 30_000 });
  const key = path[1] ?? (query.of === undefined ? undefined : '');
  if (key !== undefined)
    return <AlertPage key={`${query.rule} ${key}`} name={key} rule={query.rule ?? query.of} alerts={alerts} />;
  return (
    <Page title={texts.value.alerts.title}>
      <Loaded of={alerts}>{({ alerts: found }) => <AlertList alerts={found} />}</Loaded>
    </Page>
  );
}
