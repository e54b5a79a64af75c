import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ListedSilenceView } from '../../../daemon/http/views.ts';
import { useResource } from '../../api/resource.ts';
import { may } from '../../api/session.ts';
import { href, place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { now } from '../../lib/time.ts';
import { Chip } from '../../ui/chip.tsx';
import { Filters } from '../../ui/filters.tsx';
import { WindowedList } from '../../ui/list.tsx';
import { Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { ExpireButton, againHref } from './expire.tsx';
import { describe, type Match } from './match.ts';
import { NewSilence } from './new.tsx';
import { isUnused, rowsOf, SECTIONS, type SilenceRow } from './rows.ts';
import { SilencePage } from './silence.tsx';

/** Silences: the list, one of them, or a new one. */
export function Silences(): VNode {
  const { silences: t } = texts.value;
  const [, id] = place.value.path;
  const isNew = id === 'new';
  const silences = useResource<{ silences: readonly ListedSilenceView[] }>(isNew ? undefined : '/v1/silences', {
    everyMs: 30_000,
  });
  if (isNew) return <NewSilence />;
  if (id !== undefined) return <SilencePage key={id} id={id} silences={silences} />;
  return (
    <Page
      title={t.title}
      actions={
        may('ack') && (
          <a class="button" href={href(['silences', 'new'])}>
            {t.new}
          </a>
        )
      }
    >
      <Loaded of={silences}>{({ silences: found }) => <List silences={found} />}</Loaded>
    </Page>
  );
}

function List({ silences }: { silences: readonly ListedSilenceView[] }): VNode {
  const { silences: t } = texts.value;
  const { show, text } = place.value.query;
  const rows = useMemo(() => rowsOf(silences, { show, text, now: now.value }), [silences, show, text]);
  if (silences.length === 0) return <Empty title={t.empty}>{t.emptyMore}</Empty>;
  return (
    <>
      <Filters
        of={[
          { name: 'text', label: texts.value.filters.labels.text, isSearch: true },
          { name: 'show', label: t.show, values: [...SECTIONS, 'unused'] },
        ]}
      />
      {rows.length === 0 ? (
        <Empty title={t.noMatch} />
      ) : (
        <WindowedList
          items={rows}
          label={t.title}
          row={46}
          phoneRow={72}
          keyOf={({ id }) => id}
          hrefOf={(row) => href(['silences', row.id])}
          isHeading={({ kind }) => kind !== 'silence'}
          render={(row) => <Row row={row} />}
          actions={(row) => row.kind === 'silence' && <RowAction silence={row.silence} />}
        />
      )}
    </>
  );
}

function Row({ row }: { row: SilenceRow }): VNode {
  const { silences: t } = texts.value;
  if (row.kind === 'section')
    return (
      <h2>
        {t.sections[row.id]} · {row.count}
      </h2>
    );
  const { silence } = row;
  const { match, if: condition, reason, name, by, file, line } = silence;
  return (
    <span class="silence">
      <strong class="silence-match">{describe(match as Match, condition) || t.everything}</strong>
      <span class="silence-more">
        <Chip state={silence.state} />
        {isUnused(silence, now.value) && <Chip state={t.unused} tone="warn" />}
        <When silence={silence} />
        {silence.last_match !== undefined && (
          <span>
            {t.lastMatch} <Ago at={silence.last_match} />
          </span>
        )}
        <span class="silence-reason">{name === undefined ? reason : `${name}: ${reason}`}</span>
        {by !== undefined && <span>{by}</span>}
        {file !== undefined && <span>{`${file}:${line}`}</span>}
      </span>
    </span>
  );
}

/** Time at which it ends or begins. */
export function When({ silence }: { silence: ListedSilenceView }): VNode | null {
  const { silences: t } = texts.value;
  const { state, active_until: end, until, from } = silence;
  if (state === 'active' && end !== undefined)
    return (
      <span>
        {t.ends} <Ago at={end} />
      </span>
    );
  if (state === 'pending' && from !== undefined)
    return (
      <span>
        {t.begins} <Ago at={from} />
      </span>
    );
  if (state === 'expired' && until !== undefined)
    return (
      <span>
        {t.ended} <Time at={until} />
      </span>
    );
  return silence.recurring === undefined ? null : <span>{t.recurring}</span>;
}

function RowAction({ silence }: { silence: ListedSilenceView }): VNode | null {
  const { silences: t } = texts.value;
  if (!may('ack')) return null;
  if (silence.state === 'expired')
    return (
      <a class="button" href={againHref(silence)}>
        {t.again}
      </a>
    );
  return silence.origin === 'api' ? <ExpireButton silence={silence} /> : null;
}
