import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { NotifiedAlertView } from '../../../daemon/http/views.ts';
import { may } from '../../api/session.ts';
import { alertHref, matchOfAlert, newSilenceHref } from '../../lib/places.ts';
import { place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { messageOf } from '../../ui/action.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Filters } from '../../ui/filters.tsx';
import { WindowedList } from '../../ui/list.tsx';
import { notify } from '../../ui/notice.tsx';
import { Empty } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { change, ChangeButton } from './changes.tsx';
import { type AlertRow, contains, groupingsOf, nextOf, notifiedState, rowsOf } from './rows.ts';

/** Firing and acknowledged alerts, the oldest first, grouped by rule or by a label. */
export function AlertList({ alerts }: { alerts: readonly NotifiedAlertView[] }): VNode {
  const { alerts: t } = texts.value;
  const { text = '', group = 'rule' } = place.value.query;
  const shown = useMemo(
    () => rowsOf(text === '' ? alerts : alerts.filter((alert) => contains(alert, text)), group),
    [alerts, text, group],
  );
  const shortcuts = useMemo(() => (may('ack') ? rowShortcuts(t) : []), [t]);
  if (alerts.length === 0) return <Empty title={t.empty}>{t.emptyMore}</Empty>;
  const oldest = alerts.find(({ state }) => state === 'firing');
  return (
    <>
      <Filters
        of={[
          { name: 'text', label: texts.value.filters.labels.text, isSearch: true },
          { name: 'group', label: t.group, values: groupingsOf(alerts), any: 'rule' },
        ]}
      />
      {shown.length === 0 ? (
        <Empty title={t.noMatch} />
      ) : (
        <WindowedList
          items={shown}
          label={t.title}
          row={46}
          phoneRow={100}
          keyOf={({ id }) => id}
          hrefOf={(row) => (row.kind === 'alert' ? alertHref(row.alert.rule, row.alert.key) : '')}
          isHeading={({ kind }) => kind !== 'alert'}
          render={(row) => <Row row={row} />}
          actions={(row) => row.kind === 'alert' && <RowActions alert={row.alert} />}
          shortcuts={shortcuts}
        />
      )}
      {oldest !== undefined && may('ack') && (
        <div class="thumb">
          <a class="button" href={newSilenceHref(matchOfAlert(oldest))}>
            {t.silence}
          </a>
          <ChangeButton verb="ack" alert={oldest} kind="primary">
            {t.ackOf(oldest.key === '' ? oldest.rule : oldest.key)}
          </ChangeButton>
        </div>
      )}
    </>
  );
}

function rowShortcuts({ ack, silence }: { ack: string; silence: string }) {
  const ofAlert = (run: (alert: NotifiedAlertView) => void) => (row: AlertRow) => {
    if (row.kind === 'alert') run(row.alert);
  };
  const acknowledge = ofAlert((alert) => {
    change('ack', alert).then(notify, (error: unknown) => notify(messageOf(error), 'bad'));
  });
  const makeSilence = ofAlert((alert) => {
    location.hash = newSilenceHref(matchOfAlert(alert));
  });
  return [
    { keys: 'a', label: ack, run: acknowledge },
    { keys: 's', label: silence, run: makeSilence },
  ];
}

function Row({ row }: { row: AlertRow }): VNode {
  const { alerts: t } = texts.value;
  if (row.kind === 'state') return <h2 class={`state-${row.state}`}>{t[row.state](row.count)}</h2>;
  if (row.kind === 'group')
    return (
      <h3 class="alert-group">
        {row.name} <span>{row.count}</span>
      </h3>
    );
  const { alert } = row;
  return (
    <span class="alert">
      <span class="alert-head">
        <strong>{alert.key === '' ? alert.rule : alert.key}</strong>
        <span class="alert-title">{alert.title}</span>
      </span>
      <Details alert={alert} />
    </span>
  );
}

/** Since when it fires, who was notified, who has it, and what is next. */
function Details({ alert }: { alert: NotifiedAlertView }): VNode {
  const { alerts: t } = texts.value;
  const { since, count, acknowledged_by: by, acknowledged_note: note, silenced_by: silence } = alert;
  const notified = notifiedState(alert);
  const next = nextOf(alert);
  return (
    <span class="alert-more">
      <Ago at={since} />
      {count > 1 && <span>{t.times(count)}</span>}
      {by !== undefined && <span>{t.by(by)}</span>}
      {note !== undefined && <q>{note}</q>}
      {silence !== undefined && <Chip state="silenced" title={silence.reason} />}
      {notified === undefined ? <span>{t.nobody}</span> : <Chip state={notified} />}
      {next !== undefined && (
        <span class="alert-next">
          {t[next.kind]} <Ago at={next.at} />
        </span>
      )}
    </span>
  );
}

function RowActions({ alert }: { alert: NotifiedAlertView }): VNode | null {
  const { alerts: t } = texts.value;
  if (!may('ack')) return null;
  const isAcknowledged = alert.state === 'acknowledged';
  return (
    <>
      <a class="button wide-only" href={newSilenceHref(matchOfAlert(alert))}>
        {t.silence}
      </a>
      <ChangeButton verb={isAcknowledged ? 'unack' : 'ack'} alert={alert}>
        {isAcknowledged ? t.unack : t.ack}
      </ChangeButton>
    </>
  );
}
