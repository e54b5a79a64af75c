import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { RerunPlan } from '../../../daemon/core/explain/rerun.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { startJob } from '../../api/jobs.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action, messageOf } from '../../ui/action.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Job } from '../../parts/job.tsx';
import { Failed, Loading } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';

const PATH = '/v1/events/rerun';

/** Events to be run again: by their ids, or by the filters of a list. */
export type RerunSelection =
  | { readonly ids: readonly string[] }
  | { readonly filter: Readonly<Record<string, string>> };

/** Plan of a rerun, then its progress. Nothing runs before the reader has seen what would change. */
export function RerunDialog({ selection, onClose }: { selection: RerunSelection; onClose: () => void }): VNode {
  const { events } = texts.value;
  const plan = useSignal<RerunPlan | undefined>(undefined);
  const job = useSignal<string | undefined>(undefined);
  const fault = useSignal<string | undefined>(undefined);
  useEffect(() => {
    startJob<RerunPlan>(PATH, { ...selection, plan: true }).then(
      (answer) => {
        plan.value = answer.plan;
      },
      (error: unknown) => {
        fault.value = messageOf(error);
      },
    );
  }, []);
  const found = plan.value;
  const run = async (): Promise<void> => {
    job.value = (await startJob<RerunPlan>(PATH, bodyOf(selection, found!))).job;
  };
  return (
    <Dialog title={events.rerun} onClose={onClose} wide>
      {fault.value !== undefined && <Failed message={fault.value} />}
      {found === undefined && fault.value === undefined && <Loading />}
      {found !== undefined && <Plan plan={found} />}
      {job.value !== undefined && <Job id={job.value} hrefOf={({ id }) => href(['events', id])} />}
      {found !== undefined && job.value === undefined && (
        <div class="form-end">
          <CopyCommands curl={curlOf('POST', PATH, bodyOf(selection, found))} cli={commandOf(selection)} />
          <Action scope="admin" kind="primary" disabled={found.events === 0} run={run}>
            {events.rerunGo(found.events)}
          </Action>
        </div>
      )}
    </Dialog>
  );
}

/** Body of the request: no event that came after the plan. */
function bodyOf(selection: RerunSelection, { until }: RerunPlan): object {
  return 'ids' in selection ? selection : { filter: { until, ...selection.filter } };
}

function commandOf(selection: RerunSelection): string {
  if ('ids' in selection) return cliOf('events', 'rerun', ...selection.ids);
  const words = Object.entries(selection.filter).flatMap(([name, value]) => [`--${name}`, value]);
  return cliOf('events', 'rerun', ...(words.length === 0 ? ['--all'] : words));
}

function Plan({ plan }: { plan: RerunPlan }): VNode {
  const { events } = texts.value;
  const { reruns, in_other_jobs: others, missing, rules, examples } = plan;
  return (
    <>
      <p class="answer">{events.rerunPlan(plan.events)}</p>
      {reruns > 0 && <p class="soft">{events.rerunLeftOut(reruns)}</p>}
      {others > 0 && <p class="soft">{events.rerunOthers(others)}</p>}
      {missing.length > 0 && <p class="soft">{events.rerunMissing(missing.join(', '))}</p>}
      {rules.length === 0 && plan.events > 0 && <p>{events.rerunNothing}</p>}
      {rules.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{texts.value.filters.labels.rule}</th>
              <th scope="col">{events.before}</th>
              <th scope="col">{events.now}</th>
              <th scope="col">{events.sends}</th>
            </tr>
          </thead>
          <tbody>
            {rules.map(({ rule, was, would, sends }) => (
              <tr key={rule}>
                <th scope="row">{rule}</th>
                <td>{countsOf(was)}</td>
                <td>{countsOf(would)}</td>
                <td>{sends}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {examples.length > 0 && (
        <details>
          <summary class="soft">{events.rerunExamples(examples.length)}</summary>
          {examples.map(({ id, type, subject, received_at: at, was, would }) => (
            <p key={id}>
              <Time at={at} /> <a href={href(['events', id])}>{type}</a> {subject} · {outcomesText(was)} →{' '}
              {outcomesText(would)}
            </p>
          ))}
        </details>
      )}
    </>
  );
}

const countsOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ') || '–';

const outcomesText = (outcomes: Readonly<Record<string, string>>): string =>
  Object.entries(outcomes)
    .map(([rule, outcome]) => `${rule} ${outcome}`)
    .join(', ') || 'no_match';
