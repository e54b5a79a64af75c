import type { ResendLine, ResendProgress, ResendRequest, ResendSum } from '../../core/delivery/resend.ts';
import type { PreparedResend, Resending } from '../../delivery/manual/resend.ts';
import { groupBy } from '../../delivery/manual/resend-plan.ts';
import type { Rate } from '../../lib/time/duration.ts';
import type { Jobs } from './jobs.ts';
import type { JobResult, JobWork } from './work.ts';

type Line = ResendProgress | ResendSum;

export interface DeadResendDeps {
  readonly jobs: Jobs;
  readonly resending: Resending;
  readonly rateOf: (channel: string) => Rate | undefined;
}

/** Starts a job that resends dead letters. Yields the plan with the id of the job, then the lines of the job. A dry run only plans. */
export async function* resendInJob(
  request: ResendRequest,
  { by, signal }: { readonly by: string | undefined; readonly signal: AbortSignal },
  deps: DeadResendDeps,
): AsyncIterable<ResendLine> {
  const { jobs, resending } = deps;
  if (request.dryRun) {
    yield resending.plan(request);
    return;
  }
  jobs.checkRoom();
  const prepared = await resending.prepare(request);
  const job = jobs.start(workOf(prepared, by, deps));
  yield { job: job.id, plan: prepared.plan };
  yield* job.lines(signal);
}

function workOf(prepared: PreparedResend, by: string | undefined, deps: DeadResendDeps): JobWork<Line> {
  const { request, records } = prepared;
  const partOf = ({ channel }: { readonly channel: string }): string => request.to ?? channel;
  const parts = [...groupBy(records, partOf)].map(([part, group]) => [part, group.length] as const);
  return {
    kind: 'dead.resend',
    by,
    request,
    parts: new Map(parts),
    ...(!request.requeue && { rateOf: deps.rateOf }),
    run: (control) => deps.resending.run(prepared, control),
    resultOf: (line) => ('id' in line ? resultOf(line, partOf(line)) : undefined),
  };
}

function resultOf({ id, channel, state, error }: ResendProgress, part: string): JobResult {
  if (state !== 'dead') return { part, state };
  const { code = 'internal', message = '' } = error ?? {};
  return { part, state, failure: { id, channel, code, message } };
}
