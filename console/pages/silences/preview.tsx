import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { SilenceExample, SilencePlanView } from '../../../daemon/http/daemon-api.ts';
import { ApiError, call } from '../../api/client.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';

const TYPING_MS = 350;

export interface Problem {
  readonly pointer: string;
  readonly message: string;
  readonly mend: string;
}

/** Problems of a refused silence; one without a place if it was refused for another reason. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ApiError && Array.isArray(error.problem.problems))
    return error.problem.problems as readonly Problem[];
  return [{ pointer: '', message: error instanceof Error ? error.message : String(error), mend: '' }];
}

/** Events of the last 24 h that a silence would have dropped, up to date with what is typed. Nothing is made. */
export function Preview(props: {
  body: object;
  /** State of a silence that exists. */
  isOf?: string;
  onPlan?: (plan: SilencePlanView | undefined, problems: readonly Problem[]) => void;
}): VNode {
  const { body, isOf, onPlan } = props;
  const { silences: t } = texts.value;
  const plan = useSignal<SilencePlanView | undefined>(undefined);
  const isOld = useSignal(true);
  const text = JSON.stringify(body);
  useEffect(() => {
    isOld.value = true;
    const controller = new AbortController();
    const ask = (): void => {
      call<SilencePlanView>('POST', '/v1/silences?plan=true', { body, signal: controller.signal }).then(
        (answer) => {
          plan.value = answer;
          isOld.value = false;
          onPlan?.(answer, []);
        },
        (error: unknown) => {
          if (controller.signal.aborted) return;
          plan.value = undefined;
          onPlan?.(undefined, problemsOf(error));
        },
      );
    };
    const timer = setTimeout(ask, plan.value === undefined ? 0 : TYPING_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text]);
  const found = plan.value;
  return (
    <Section title={isOf === undefined ? t.preview : t.previewOf}>
      <div class={isOld.value ? 'plan plan-old' : 'plan'} aria-live="polite" aria-busy={isOld.value}>
        {found === undefined ? <p class="quiet-line">{t.noPreview}</p> : <Numbers plan={found} />}
      </div>
      {found !== undefined && found.examples.length > 0 && <Examples examples={found.examples} />}
    </Section>
  );
}

/** Numbers of a plan with their units. */
export function countsOf(plan: SilencePlanView): readonly (readonly [string, string])[] {
  const { silences: t } = texts.value;
  const shown = (count: number): string => `${plan.partial === true ? '≥ ' : ''}${count.toLocaleString()}`;
  return [
    [shown(plan.matched), t.events(plan.matched)],
    [shown(plan.notifications), t.notifications(plan.notifications)],
    [shown(plan.alerts), t.alerts(plan.alerts)],
  ];
}

function Numbers({ plan }: { plan: SilencePlanView }): VNode {
  const { silences: t } = texts.value;
  return (
    <>
      <p class="plan-numbers">
        {countsOf(plan).map(([count, label]) => (
          <span key={label}>
            <strong>{count}</strong> {label}
          </span>
        ))}
      </p>
      {plan.error !== undefined && <p class="plan-warning">{t.conditionFails(plan.error)}</p>}
      {plan.warnings?.map((warning) => (
        <p key={warning} class="plan-warning">
          {warning}
        </p>
      ))}
    </>
  );
}

function Examples({ examples }: { examples: readonly SilenceExample[] }): VNode {
  const { silences: t } = texts.value;
  return (
    <ul class="examples" aria-label={t.examples}>
      {examples.map(({ event, time, rule, key, subject, outcome, notified }) => (
        <li key={`${event} ${rule} ${key}`}>
          <a class="row-body" href={href(['events', event])}>
            <span class="cell cell-time">
              <Time at={time} />
            </span>
            <span class="cell cell-state">
              <Chip state={outcome} />
            </span>
            <span class="cell cell-main">
              {rule} {key}
            </span>
            <span class="cell cell-more">{subject === key ? '' : subject}</span>
            <span class="cell cell-side">{notified.length > 0 && `→ ${notified.join(', ')}`}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
