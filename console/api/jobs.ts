import { lines } from './client.ts';

/** First line of the calls that start a job: its plan, and its id where it has begun. */
export interface Planned<Plan> {
  readonly job?: string;
  readonly plan: Plan;
}

/** Makes a call that starts a job, or that only plans it, and returns its first line. The job goes on without the reader. */
export async function startJob<Plan>(path: string, body: unknown): Promise<Planned<Plan>> {
  for await (const line of lines<Planned<Plan>>('POST', path, { body })) if ('plan' in line) return line;
  throw new Error('the daemon gave no plan');
}
