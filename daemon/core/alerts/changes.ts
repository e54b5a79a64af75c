import type { Decision } from '../flow/decision.ts';
import { type DecideContext, Pipeline } from '../flow/pipeline.ts';
import { dropAll, resolve } from '../flow/resolve.ts';
import { stateOf, type StepContext } from '../flow/step.ts';
import { type Alert, rowOf } from '../flow/steps/alert.ts';

/** Request of a person to change the alerts of a key. */
export interface AlertChange {
  readonly key: string;
  /** Limits the change to one rule; if not given, the alerts of all rules for the key are changed. */
  readonly rule?: string;
  /** Name of the person. */
  readonly by?: string;
  readonly note?: string;
}

export interface AlertsChanged extends Decision {
  readonly changed: readonly { readonly rule: string; readonly key: string }[];
}

interface ChangeKind {
  /** Participle, the name of the list in answers. */
  readonly done: string;
  /** Whether this change can be made to an alert. */
  readonly applies: (alert: Alert) => boolean;
  readonly apply: (alert: Alert, context: StepContext, pipeline: Pipeline, given: AlertChange) => void;
}

/** Changes that a person can make, by the name of their verb. */
const CHANGES = {
  /** Ends repeats and escalations. The first acknowledgement counts. An alert without `resolve` ends. */
  ack: {
    done: 'acknowledged',
    applies: () => true,
    apply(alert, context, pipeline, given) {
      const acknowledged = alert.acknowledged ?? { at: context.now, ...personOf(given), ...noteOf(given) };
      const { unacknowledged: _, ...rest } = alert;
      if (context.rule.alert?.resolve === undefined) {
        const { rule, key } = context;
        const reason = `acknowledged${authorText(given)}, which ends an alert without \`resolve\``;
        dropAll(pipeline, context);
        pipeline.recordLater(alert.event, { rule: rule.name, key, outcome: 'resolved', reason });
      } else pipeline.write(context, 'alert', [rowOf({ ...rest, acknowledged }, context.rule)]);
    },
  },
  /** Takes an acknowledgement back. Repeats and escalations go on; one that is overdue is made at once. */
  unack: {
    done: 'unacknowledged',
    applies: ({ acknowledged }) => acknowledged !== undefined,
    apply(alert, context, pipeline, given) {
      const { acknowledged: _, ...rest } = alert;
      const unacknowledged = { at: context.now, ...personOf(given), ...noteOf(given) };
      pipeline.write(context, 'alert', [rowOf({ ...rest, unacknowledged }, context.rule)]);
    },
  },
  /** Ends an alert. With `notify_resolved` those who were notified of it are notified of its end. */
  resolve: {
    done: 'resolved',
    applies: () => true,
    apply(alert, context, pipeline, given) {
      const { rule, key } = context;
      const result = resolve(pipeline, rule, key, { reason: `by hand${authorText(given)}` });
      if (result !== undefined) pipeline.recordLater(alert.event, result);
    },
  },
} satisfies Readonly<Record<string, ChangeKind>>;

export type AlertVerb = keyof typeof CHANGES;

export const ALERT_VERBS = Object.keys(CHANGES) as readonly AlertVerb[];

/** Participle of a verb: `acknowledged`. */
export function doneBy(verb: AlertVerb): string {
  return CHANGES[verb].done;
}

/** Changes the firing alerts of a key in the name of a person. */
export function changeAlerts(verb: AlertVerb, given: AlertChange, context: DecideContext): AlertsChanged {
  const { applies, apply }: ChangeKind = CHANGES[verb];
  const { key, rule: only } = given;
  const pipeline = new Pipeline(context);
  const changed: { rule: string; key: string }[] = [];
  for (const rule of context.ruleset.rules) {
    if ((only !== undefined && rule.name !== only) || rule.alert === undefined) continue;
    const step = pipeline.contextOf(rule, key);
    const alert = stateOf<Alert>('alert', step);
    if (alert === undefined || !applies(alert)) continue;
    apply(alert, step, pipeline, given);
    changed.push({ rule: rule.name, key });
  }
  return { ...pipeline.decision([]), changed };
}

function personOf({ by }: AlertChange): { readonly by?: string } {
  return by === undefined ? {} : { by };
}

function noteOf({ note }: AlertChange): { readonly note?: string } {
  return note === undefined ? {} : { note };
}

/** Person and note for a reason: ` by ann: the disk was replaced`. */
function authorText({ by, note }: AlertChange): string {
  return `${by === undefined ? '' : ` by ${by}`}${note === undefined ? '' : `: ${note}`}`;
}
