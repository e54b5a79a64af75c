import type { VNode } from 'preact';
import type { JobView } from '../../daemon/http/api/jobs.ts';
import { call } from '../api/client.ts';
import { path } from '../api/paths.ts';
import { useResource } from '../api/resource.ts';
import { texts } from '../lib/texts.ts';
import { Action } from '../ui/action.tsx';
import { Chip } from '../ui/chip.tsx';
import { Loaded } from '../ui/states.tsx';
import { Ago } from '../ui/time.tsx';

const EVERY_MS = 1_000;

/** A job of the daemon with its progress, as it goes on. */
export function Job({ id }: { id: string }): VNode {
  const job = useResource<JobView>(path('jobs', id), { everyMs: EVERY_MS });
  return <Loaded of={job}>{(found) => <JobProgress job={found} />}</Loaded>;
}

/** Progress, results and failures of a job, and its pause, resume and cancel. */
export function JobProgress({ job }: { job: JobView }): VNode {
  const { jobs } = texts.value;
  const { id, state, total, done, eta, results, failures, by, started_at, error } = job;
  const change = (verb: 'pause' | 'resume' | 'cancel') => async (): Promise<void> => {
    await call('POST', path('jobs', id, verb), { body: {} });
  };
  const isRunning = state === 'running' || state === 'paused';
  return (
    <div class="job">
      <p class="job-head">
        <Chip state={state} /> {jobs.progress(done, total)}
        {eta !== undefined && (
          <span class="soft">
            {jobs.ends} <Ago at={eta} />
          </span>
        )}
        <span class="soft">
          <Ago at={started_at} /> {by}
        </span>
      </p>
      <progress max={Math.max(1, total)} value={done} aria-label={jobs.progress(done, total)} />
      <p>
        {Object.entries(results).map(([result, count]) => (
          <span key={result} class="job-result">
            <Chip state={result} /> {count.toLocaleString()}
          </span>
        ))}
      </p>
      {error !== undefined && <p class="failed">{error}</p>}
      {failures.map((failure) => (
        <p key={failure.id} class="soft">
          <code>{failure.id}</code> {failure.channel} {failure.code}: {failure.message}
        </p>
      ))}
      {isRunning && (
        <p class="card-actions">
          {state === 'running' && (
            <Action scope="admin" run={change('pause')}>
              {jobs.pause}
            </Action>
          )}
          {state === 'paused' && (
            <Action scope="admin" run={change('resume')}>
              {jobs.resume}
            </Action>
          )}
          <Action scope="admin" kind="danger" run={change('cancel')}>
            {jobs.cancel}
          </Action>
        </p>
      )}
    </div>
  );
}
