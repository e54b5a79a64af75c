import type { AlertChange, AlertVerb } from '../../daemon/core/alerts/changes.ts';
import type {
  AlertActions,
  AlertView,
  ListedSilenceView,
  NotifiedAlertView,
  SilencePlanView,
  SilenceView,
} from '../../daemon/http/daemon-api.ts';

export const SAMPLE_ALERT: AlertView = {
  rule: 'disk-full',
  key: 'db1',
  state: 'firing',
  since: '2026-11-23T09:00:00.000Z',
  last: '2026-11-23T09:05:00.000Z',
  count: 2,
  event: 'e-1',
  told: ['ops'],
  escalated: 0,
  escalations: 1,
  labels: { source: 'api', type: 'disk.usage', 'data.host': 'db1' },
};

export const SAMPLE_SILENCE: SilenceView = {
  id: 's-1',
  origin: 'api',
  reason: 'release night',
  match: { rule: 'disk-full' },
  until: '2026-11-23T11:00:00.000Z',
  state: 'active',
  active_until: '2026-11-23T11:00:00.000Z',
};

export const SAMPLE_PLAN: SilencePlanView = {
  since: '2026-11-22T09:00:00.000Z',
  matched: 1,
  notifications: 2,
  alerts: 1,
  examples: [
    {
      event: 'e-1',
      time: '2026-11-23T09:00:00.000Z',
      source: 'api',
      type: 'disk.usage',
      rule: 'disk-full',
      key: 'db1',
      outcome: 'notified',
      notified: ['ops', 'boss'],
    },
  ],
};

/** Alert actions in memory that record their calls. */
export class RecordedAlertActions implements AlertActions {
  readonly changes: ({ readonly verb: AlertVerb } & AlertChange)[] = [];
  readonly posted: unknown[] = [];
  readonly expired: string[] = [];
  /** Number of silences that were forced. */
  forced = 0;
  firing: NotifiedAlertView[] = [SAMPLE_ALERT];
  known: (SilenceView & Partial<ListedSilenceView>)[] = [SAMPLE_SILENCE];
  /** Answer to the next silence request. */
  made: Awaited<ReturnType<AlertActions['silence']>> = {
    kind: 'made',
    silence: { ...SAMPLE_SILENCE, would_silence: { alerts: 1, events: 2 } },
  };

  readonly planned: unknown[] = [];
  /** Answer to the next plan of a silence. */
  plan: Awaited<ReturnType<AlertActions['planSilence']>> = { kind: 'planned', plan: SAMPLE_PLAN };

  alerts(rule?: string) {
    return this.firing.filter((alert) => rule === undefined || alert.rule === rule);
  }

  async change(verb: AlertVerb, given: AlertChange) {
    this.changes.push({ verb, ...given });
    const { key, rule } = given;
    const changed = this.alerts(rule).filter((alert) => alert.key === key);
    return changed.length > 0
      ? { changed: changed.map((alert) => ({ rule: alert.rule, key })) }
      : { changed, mend: 'keys with such an alert: `db1`' };
  }

  silences() {
    return this.known;
  }

  async silence(posted: unknown, isForced: boolean) {
    this.posted.push(posted);
    if (isForced) this.forced += 1;
    return this.made;
  }

  async planSilence(posted: unknown, isForced: boolean) {
    this.planned.push(posted);
    if (isForced) this.forced += 1;
    return this.plan;
  }

  async expireSilence(id: string) {
    this.expired.push(id);
    if (id.startsWith('file:')) return { kind: 'file', file: 'night.yaml' } as const;
    return { kind: this.known.some((silence) => silence.id === id) ? 'expired' : 'none' } as const;
  }
}
