import type { VNode } from 'preact';
import type { JobFailure, JobVerb, JobView } from '../../daemon/http/api/jobs.ts';
import { call } from '../api/client.ts';
import { path } from '../api/paths.ts';
import { useResource } from '../api/resource.ts';
import { texts } from '../lib/texts.ts';
import { Action } from '../ui/action.tsx';
import { Chip } from '../ui/chip.tsx';
import { Loaded } from '../ui/states.tsx';
import { Ago } from '../ui/time.tsx';

const EVERY_MS = 1_000;

/** Address of the item of a job that failed. */
type HrefOf = (failure: JobFailure) => string;

/** A job of the daemon with its progress, as it goes on. */
export function Job({ id, hrefOf }: { id: string; hrefOf: HrefOf }): VNode {
  const job = useResource<JobView>(path('jobs', id), { everyMs: EVERY_MS });
  return <Loaded of={job}>{(found) => <JobProgress job={found} hrefOf={hrefOf} />}</Loaded>;
}

/** Progress, channels, results and failures of a job, and its pause, resume and cancel. */
export function JobProgress({ job, hrefOf }: { job: JobView; hrefOf: HrefOf }): VNode {
  const { jobs } = texts.value;
  const { state, by, total, done, failed, eta, changed, channels, results, error } = job;
  return (
    <article class="card">
      <p class="card-head">
        <Chip state={state} /> <strong>{jobs.progress(done, total)}</strong>
        {failed > 0 && <span class="answer-bad">{jobs.failed(failed)}</span>}
        <span class="soft">
          {by !== undefined && jobs.startedBy(by)}
          {changed?.by !== undefined && ` · ${changed.verb}: ${changed.by}`}
          {eta !== undefined && (
            <>
              {' '}
              · {jobs.ends} <Ago at={eta} />
            </>
          )}
        </span>
        <JobActions job={job} />
      </p>
      <progress max={Math.max(1, total)} value={done} aria-label={jobs.progress(done, total)} />
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
      <p>
        {Object.entries(results).map(([result, count]) => (
          <span key={result} class="job-part">
            <Chip state={result} /> {count.toLocaleString()}
          </span>
        ))}
      </p>
      {error !== undefined && <p class="failed">{error}</p>}
      <JobFailures job={job} hrefOf={hrefOf} />
    </article>
  );
}

function JobActions({ job: { id, state } }: { job: JobView }): VNode | null {
  const { jobs } = texts.value;
  const change = (verb: JobVerb) => async (): Promise<void> => {
    await call('POST', path('jobs', id, verb), { body: {} });
  };
  if (state !== 'running' && state !== 'paused') return null;
  return (
    <span class="page-actions job-actions">
      {state === 'running' ? (
        <Action scope="admin" run={change('pause')}>
          {jobs.pause}
        </Action>
      ) : (
        <Action scope="admin" kind="primary" run={change('resume')}>
          {jobs.resume}
        </Action>
      )}
      <Action scope="admin" run={change('cancel')} title={jobs.cancelMore}>
        {jobs.cancel}
      </Action>
    </span>
  );
}

/** The latest failures of a job, each with a link to its item. */
export function JobFailures({ job: { failures }, hrefOf }: { job: JobView; hrefOf: HrefOf }): VNode | null {
  if (failures.length === 0) return null;
  return (
    <details class="soft">
      <summary>{texts.value.jobs.lastFailures}</summary>
      <ul>
        {failures.map((failure) => (
          <li key={failure.id}>
            <a href={hrefOf(failure)}>{failure.channel ?? failure.id}</a> {failure.code}: {failure.message}
          </li>
        ))}
      </ul>
    </details>
  );
}
