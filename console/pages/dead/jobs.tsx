import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { JobFailure, JobView } from '../../../daemon/http/api/jobs.ts';
import { useResource } from '../../api/resource.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { JobFailures, JobProgress } from '../../parts/job.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Time } from '../../ui/time.tsx';
import { lettersChanged } from './letters.ts';

const EVERY_MS = 1_000;
/** Ended jobs that are shown before the reader asks for all. */
const FEW = 2;

const isRunning = ({ state }: JobView): boolean => ['running', 'paused', 'cancelling'].includes(state);

const letterHref = ({ id }: JobFailure): string => href(['dead', id]);

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
      {shown.map((job) =>
        isRunning(job) ? <JobProgress key={job.id} job={job} hrefOf={letterHref} /> : <Ended key={job.id} job={job} />,
      )}
      {!isAll.value && ended.length > FEW && (
        <button type="button" class="plain" onClick={() => (isAll.value = true)}>
          {dead.moreJobs(ended.length - FEW)}
        </button>
      )}
    </section>
  );
}

function Ended({ job }: { job: JobView }): VNode {
  const { dead, jobs } = texts.value;
  const { state, by, delivered, failed, left, ended_at: end, results, error } = job;
  return (
    <article class="job-ended">
      <p>
        <Chip state={state} /> {end !== undefined && <Time at={end} />}{' '}
        {results.requeued === undefined ? dead.delivered(delivered) : dead.requeued(results.requeued)}
        {failed > 0 && <span class="answer-bad"> · {jobs.failed(failed)}</span>}
        {left > 0 && ` · ${dead.left(left)}`}
        {by !== undefined && <span class="soft"> · {jobs.startedBy(by)}</span>}
        {error !== undefined && <span class="answer-bad"> · {error}</span>}
      </p>
      <JobFailures job={job} hrefOf={letterHref} />
    </article>
  );
}
