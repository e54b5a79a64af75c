import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { AlertNotificationView, NotifiedAlertView } from '../../../daemon/http/views.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import type { Resource } from '../../api/resource.ts';
import { may } from '../../api/session.ts';
import { matchOfAlert, newSilenceHref } from '../../lib/places.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { ChangeButton } from './changes.tsx';
import { AlertHistory } from './history.tsx';
import { idOf } from './rows.ts';

/** The alerts of a key, of one rule or of each, and what happened before. */
export function AlertPage(props: {
  name: string;
  rule: string | undefined;
  alerts: Resource<{ alerts: readonly NotifiedAlertView[] }>;
}): VNode {
  const { name: key, rule, alerts } = props;
  const { alerts: t } = texts.value;
  const name = key === '' ? (rule ?? '') : key;
  return (
    <Page title={name} name={name}>
      <Loaded of={alerts}>
        {({ alerts: all }) => {
          const own = all.filter((alert) => alert.key === key && (rule === undefined || alert.rule === rule));
          if (own.length === 0) return <p class="quiet-line">{t.quiet}</p>;
          return own.map((alert) => <One key={idOf(alert)} alert={alert} />);
        }}
      </Loaded>
      <AlertHistory alertKey={key} rule={rule} />
    </Page>
  );
}

function One({ alert }: { alert: NotifiedAlertView }): VNode {
  const { alerts: t } = texts.value;
  return (
    <section class="alert-page" aria-label={alert.rule}>
      <p class="alert-line">
        <Chip state={alert.state} />
        {alert.silenced_by !== undefined && <Chip state="silenced" />}
        <span>{alert.title}</span>
      </p>
      <AlertFacts alert={alert} />
      <Changes alert={alert} />
      <Section title={t.notifications}>
        {alert.notifications === undefined || alert.notifications.list.length === 0 ? (
          <p class="quiet-line">{t.nobody}</p>
        ) : (
          <ul class="alert-notified">
            {alert.notifications.list.map((one) => (
              <Notification key={one.delivery} one={one} />
            ))}
          </ul>
        )}
      </Section>
      <Section title={t.labels}>
        <ul class="labels">
          {Object.entries(alert.labels).map(([name, value]) => (
            <li key={name}>
              <a class="label" href={newSilenceHref({ [name]: value })} title={t.silenceBy}>
                <span>{name}</span>={String(value)}
              </a>
            </li>
          ))}
        </ul>
      </Section>
    </section>
  );
}

function AlertFacts({ alert }: { alert: NotifiedAlertView }): VNode {
  const { alerts: t } = texts.value;
  const { silenced_by: silence, escalations } = alert;
  return (
    <Facts
      of={[
        [t.rule, <a href={href(['rules', alert.rule])}>{alert.rule}</a>],
        [t.since, <Both at={alert.since} />],
        [
          t.last,
          <Both
            at={alert.last}
            more={alert.count > 1 ? t.times(alert.count) : undefined}
            to={href(['events', alert.event])}
          />,
        ],
        [
          t.acknowledgedAt,
          alert.acknowledged_at && (
            <By at={alert.acknowledged_at} by={alert.acknowledged_by} note={alert.acknowledged_note} />
          ),
        ],
        [
          t.unacknowledgedAt,
          alert.unacknowledged_at && (
            <By at={alert.unacknowledged_at} by={alert.unacknowledged_by} note={alert.unacknowledged_note} />
          ),
        ],
        [
          t.silencedBy,
          silence && (
            <>
              <a href={href(['silences', silence.id])}>{silence.name ?? silence.reason}</a>{' '}
              {silence.until && (
                <>
                  · {t.until} <Both at={silence.until} />
                </>
              )}
            </>
          ),
        ],
        [
          t.escalation,
          escalations > 0 && (
            <>
              {t.stepOf(alert.escalated, escalations)}{' '}
              {alert.escalates_at && (
                <>
                  · {t.next} <Both at={alert.escalates_at} />
                </>
              )}
            </>
          ),
        ],
        [t.repeat, alert.repeats_at && <Both at={alert.repeats_at} />],
        [t.end, alert.ends_at && <Both at={alert.ends_at} />],
      ]}
    />
  );
}

/** A time and its distance from now. */
function Both({ at, more, to }: { at: string; more?: string | undefined; to?: string }): VNode {
  const time = <Time at={at} />;
  return (
    <>
      {to === undefined ? time : <a href={to}>{time}</a>}{' '}
      <span class="soft">
        (<Ago at={at} />
        {more !== undefined && `, ${more}`})
      </span>
    </>
  );
}

function By({ at, by, note }: { at: string; by: string | undefined; note: string | undefined }): VNode {
  return (
    <>
      {by !== undefined && <strong>{by}</strong>} <Both at={at} /> {note !== undefined && <q>{note}</q>}
    </>
  );
}

function Notification({ one }: { one: AlertNotificationView }): VNode {
  const { alerts: t } = texts.value;
  const at = one.delivered_at ?? one.requested_at;
  return (
    <li>
      <a href={href(['deliveries', one.delivery])}>
        {one.channel}
        {one.to !== undefined && ` → ${one.to.join(', ')}`}
      </a>
      <Chip state={one.state} />
      {at !== undefined && <Ago at={at} />}
      {one.next_at !== undefined && (
        <span class="soft">
          {t.next} <Ago at={one.next_at} />
        </span>
      )}
      <span class="soft">{one.mend ?? one.error}</span>
    </li>
  );
}

/** Acknowledge with a note, take that back, end by hand, silence. On a phone the buttons are at the bottom. */
function Changes({ alert }: { alert: NotifiedAlertView }): VNode {
  const { alerts: t } = texts.value;
  const note = useSignal('');
  const isAcknowledged = alert.state === 'acknowledged';
  const verb = isAcknowledged ? 'unack' : 'ack';
  const { rule, key } = alert;
  const clear = (): void => {
    note.value = '';
  };
  return (
    <div class="alert-changes">
      {may('ack') && (
        <>
          <label class="filter">
            <span>{t.note}</span>
            <input
              value={note.value}
              maxLength={1000}
              onInput={({ currentTarget }) => {
                note.value = currentTarget.value;
              }}
            />
          </label>
          <div class="thumb thumb-always">
            <ChangeButton verb="resolve" alert={alert} note={note.value} onDone={clear}>
              {t.resolve}
            </ChangeButton>
            <a class="button" href={newSilenceHref(matchOfAlert(alert))}>
              {t.silence}
            </a>
            <ChangeButton verb={verb} alert={alert} note={note.value} kind="primary" onDone={clear}>
              {isAcknowledged ? t.unack : t.ack}
            </ChangeButton>
          </div>
        </>
      )}
      <CopyCommands cli={cliOf(verb, key, '--rule', rule)} curl={curlOf('POST', `/v1/alerts/${verb}`, { rule, key })} />
    </div>
  );
}
