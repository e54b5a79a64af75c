import type { VNode } from 'preact';
import type { ListedSilenceView } from '../../../daemon/http/views.ts';
import { call } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';

/** Ends a silence that a person made. */
export function ExpireButton({ silence: { id } }: { silence: Pick<ListedSilenceView, 'id'> }): VNode {
  const { silences: t } = texts.value;
  const run = async (): Promise<string> => {
    await call('DELETE', path('silences', id));
    return t.expired;
  };
  return (
    <Action scope="ack" run={run}>
      {t.expire}
    </Action>
  );
}

/** Address of the form with the settings of a silence that has ended. */
export function againHref({ match, if: condition, reason, name }: ListedSilenceView): string {
  return href(['silences', 'new'], { match: JSON.stringify(match), if: condition, reason, name });
}
