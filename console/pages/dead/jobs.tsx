import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { JobVerb, JobView } from '../../../daemon/http/api/jobs.ts';
import { call } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { lettersChanged } from './letters.ts';

const EVERY_MS = 1_000;
/** Ended jobs that are shown before the reader asks for all. */
const FEW = 2;

const isRunning = ({ state }: JobView): boolean => ['running', 'paused', 'cancelling'].includes(state);

/** Jobs that send dead letters: those that run with their progress, and the last ones that have ended. */
export function Jobs(): VNode | null {
  const { dead } = texts.value;
  const found = useResource<{ readonly jobs: readonly JobView[] }>('/v1/jobs', { everyMs: EVERY_MS });
  const isAll = useSignal(false);
  const jobs = (found.value.value?.jobs ?? []).filter(({ kind }) => kind === 'dead.resend');
  const ended = jobs.filter((job) => !isRunning(job));
  const running = jobs.filter(isRunning);
  // The records that a job has sent leave the list when it ends.
  useEffect(() => lettersChanged(), [ended[0]?.id, ended.length]);
  if (jobs.length === 0) return null;
  const shown = [...running, ...(isAll.value ? ended : ended.slice(0, FEW))];
  return (
    <section class="jobs" aria-label={dead.jobs}>
      {shown.map((job) => (isRunning(job) ? <Running key={job.id} job={job} /> : <Ended key={job.id} job={job} />))}
      {!isAll.value && ended.length > FEW && (
        <button type="button" class="plain" onClick={() => (isAll.value = true)}>
          {dead.moreJobs(ended.length - FEW)}
        </button>
      )}
    </section>
  );
}

function Running({ job }: { job: JobView }): VNode {
  const { dead } = texts.value;
  const { id, state, by, total, done, failed, eta, changed, channels } = job;
  const change = (verb: JobVerb) => async (): Promise<void> => {
    await call('POST', path('jobs', id, verb), { body: {} });
  };
  return (
    <article class="card">
      <p class="card-head">
        <Chip state={state} /> <strong>{texts.value.jobs.progress(done, total)}</strong>
        {failed > 0 && <span class="answer-bad">{dead.failed(failed)}</span>}
        <span class="soft">
          {by !== undefined && dead.startedBy(by)}
          {changed?.by !== undefined && ` · ${changed.verb}: ${changed.by}`}
          {eta !== undefined && (
            <>
              {' '}
              · {texts.value.jobs.ends} <Ago at={eta} />
            </>
          )}
        </span>
        <span class="page-actions job-actions">
          {state === 'running' && (
            <Action scope="admin" run={change('pause')}>
              {texts.value.jobs.pause}
            </Action>
          )}
          {state === 'paused' && (
            <Action scope="admin" kind="primary" run={change('resume')}>
              {texts.value.jobs.resume}
            </Action>
          )}
          {state !== 'cancelling' && (
            <Action scope="admin" run={change('cancel')} title={dead.cancelMore}>
              {dead.cancelJob}
            </Action>
          )}
        </span>
      </p>
      <progress max={Math.max(1, total)} value={done} aria-label={texts.value.jobs.progress(done, total)} />
      {channels.length > 1 && (
        <p class="soft">
          {channels.map(({ channel, done: sent, total: all, rate }) => (
            <span class="job-part" key={channel}>
              {channel} {sent}/{all}
              {rate !== undefined && ` (${rate})`}
            </span>
          ))}
        </p>
      )}
      <Failures job={job} />
    </article>
  );
}

function Ended({ job }: { job: JobView }): VNode {
  const { dead } = texts.value;
  const { state, by, delivered, failed, left, ended_at: end, results, error } = job;
  return (
    <article class="job-ended">
      <p>
        <Chip state={state} /> {end !== undefined && <Time at={end} />}{' '}
        {results.requeued === undefined ? dead.delivered(delivered) : dead.requeued(results.requeued)}
        {failed > 0 && <span class="answer-bad"> · {dead.failed(failed)}</span>}
        {left > 0 && ` · ${dead.left(left)}`}
        {by !== undefined && <span class="soft"> · {dead.startedBy(by)}</span>}
        {error !== undefined && <span class="answer-bad"> · {error}</span>}
      </p>
      <Failures job={job} />
    </article>
  );
}

function Failures({ job: { failures } }: { job: JobView }): VNode | null {
  if (failures.length === 0) return null;
  return (
    <details class="soft">
      <summary>{texts.value.dead.lastFailures}</summary>
      <ul>
        {failures.map(({ id, channel, code, message }) => (
          <li key={id}>
            <a href={href(['dead', id])}>{channel}</a> {code}: {message}
          </li>
        ))}
      </ul>
    </details>
  );
}
