import type { VNode } from 'preact';
import type { ListedSilenceView } from '../../../daemon/http/views.ts';
import { cliOf, curlOf, path } from '../../api/paths.ts';
import type { Resource } from '../../api/resource.ts';
import { may } from '../../api/session.ts';
import { texts } from '../../lib/texts.ts';
import { now } from '../../lib/time.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Facts, Json } from '../../ui/facts.tsx';
import { Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { againHref, ExpireButton } from './expire.tsx';
import { describe, type Match } from './match.ts';
import { Preview } from './preview.tsx';
import { isUnused } from './rows.ts';

/** One silence: what it matches, until when, and what of the last day it applies to. */
export function SilencePage(props: {
  id: string;
  silences: Resource<{ silences: readonly ListedSilenceView[] }>;
}): VNode {
  const { id, silences } = props;
  const { silences: t } = texts.value;
  const found = silences.value.value?.silences.find((one) => one.id === id);
  const title =
    found === undefined ? t.one : (found.name ?? (describe(found.match as Match, found.if) || t.everything));
  return (
    <Page title={title}>
      <Loaded of={silences}>
        {() => (found === undefined ? <Empty title={t.gone}>{t.goneMore}</Empty> : <One silence={found} />)}
      </Loaded>
    </Page>
  );
}

function One({ silence }: { silence: ListedSilenceView }): VNode {
  const { silences: t } = texts.value;
  const { id, state, reason, by, file, line, match, if: condition, recurring, from, until } = silence;
  return (
    <>
      <Facts
        of={[
          [
            t.state,
            <>
              <Chip state={state} /> {isUnused(silence, now.value) && <Chip state={t.unused} tone="warn" />}
            </>,
          ],
          [t.reason, reason],
          [t.by, by],
          [t.file, file !== undefined && `${file}:${line}`],
          [t.made, silence.made_at !== undefined && <Time at={silence.made_at} />],
          [t.from, from !== undefined && <Time at={from} />],
          [t.until, until !== undefined && <Time at={until} />],
          [t.activeUntil, silence.active_until !== undefined && <Ago at={silence.active_until} />],
          [t.lastMatch, silence.last_match === undefined ? t.never : <Ago at={silence.last_match} />],
        ]}
      />
      <Json
        value={{ match, ...(condition && { if: condition }), ...(recurring !== undefined && { recurring }) }}
        label={t.match}
      />
      <p class="silence-changes">
        {state !== 'expired' && silence.origin === 'api' && <ExpireButton silence={silence} />}
        {may('ack') && (
          <a class="button" href={againHref(silence)}>
            {t.copy}
          </a>
        )}
        {silence.origin === 'api' && (
          <CopyCommands cli={cliOf('silence', 'expire', id)} curl={curlOf('DELETE', path('silences', id))} />
        )}
      </p>
      <Preview body={{ match, ...(condition && { if: condition }), force: true }} isOf={state} />
    </>
  );
}
