import type { DeadLetter } from '../../core/delivery/delivery.ts';
import type { Offline } from '../../app/state/offline/offline.ts';
import { EXIT } from '../../core/problems/failure.ts';
import type { DaemonApi, DeadLineProblem, JobView, ResendLine, ResendRequest } from '../../http/daemon-api.ts';
import { channelNote, rateLimitNote } from '../render/channels.ts';
import { CommandError } from '../render/terminal.ts';
import { AnswerWait } from './answer-wait.ts';
import type { Client, ClientDeps } from './client.ts';

const SENDING = 'waiting for the channels to send';

/** Access to the dead letters: through a running daemon, or in the state directory of a stopped one. */
export interface DeadLetterAccess {
  list(): AsyncIterable<DeadLetter | DeadLineProblem>;
  /** A running daemon sends by a job, which goes on when `signal` aborts; without one the resend ends then. `by` names the person. */
  resend(request: ResendRequest & { readonly by?: string }, signal: AbortSignal): AsyncIterable<ResendLine>;
  /** Cancels the job of a running daemon. */
  cancel(job: string): Promise<JobView>;
  /** False if there is none. Rejects with the code `dead.in_job` while a job is sending it. */
  drop(id: string): Promise<boolean>;
}

/** Access through the API of a running daemon. */
export function remoteDeadLetters(client: Client): DeadLetterAccess {
  return {
    list: () => client.lines('GET', '/v1/dead'),
    resend: (request, signal) =>
      client.lines('POST', '/v1/dead/resend', request, {
        signal,
        note: () => channelNote(client, undefined, SENDING),
      }),
    cancel: (job) => client.call('POST', `/v1/jobs/${encodeURIComponent(job)}/cancel`),
    async drop(id) {
      try {
        await client.call('DELETE', `/v1/dead/${encodeURIComponent(id)}`);
        return true;
      } catch (error) {
        if (error instanceof CommandError && error.exit === EXIT.nothing) return false;
        throw error;
      }
    },
  };
}

/** Parts of a state directory, each opened on first use: only a resend needs the rules and their secrets. */
export interface OfflineParts {
  readonly list: () => AsyncIterable<DeadLetter | DeadLineProblem>;
  readonly store: () => Promise<Pick<DaemonApi, 'drop'>>;
  readonly channels: () => Promise<Offline['daemon']>;
}

/** Access to the state directory while no daemon runs. */
export function offlineDeadLetters({ list, store, channels }: OfflineParts, deps: ClientDeps): DeadLetterAccess {
  return {
    list,
    async *resend(request, signal) {
      const daemon = await channels();
      const note = async (): Promise<string> => rateLimitNote(await daemon.channels(), undefined, SENDING);
      const wait = new AnswerWait({ ...deps, request: 'dead resend', expected: 0, limit: undefined, note, signal });
      try {
        yield* daemon.resend(request, wait.signal);
      } finally {
        wait.end();
      }
    },
    cancel: () => Promise.reject(new CommandError(EXIT.nothing, 'no daemon runs, so there is no job')),
    drop: async (id) => (await store()).drop(id),
  };
}
