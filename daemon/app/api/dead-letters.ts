import { type DeadEdit, editDeadLetter } from '../../core/delivery/dead-edit.ts';
import type { DeadLetter } from '../../core/delivery/delivery.ts';
import { deadLines } from '../../delivery/dead-letters/page.ts';
import { inJob } from '../../delivery/manual/resend.ts';
import type { DeadLetterApi, DeadLetterEdited, DeadLetterView, EditOptions } from '../../http/daemon-api.ts';
import { sha256 } from '../../lib/sha256.ts';
import { resendInJob } from '../jobs/dead-resend.ts';
import type { DaemonApiDeps } from './deps.ts';

type Deps = Pick<DaemonApiDeps, 'deadLetters' | 'store' | 'live' | 'resending' | 'jobs' | 'clock' | 'scrubber' | 'log'>;

/** Calls about dead letters. */
export function deadLetterApi(deps: Deps): DeadLetterApi {
  const { deadLetters, live, resending, jobs, clock } = deps;
  const rateOf = (channel: string) => live.ruleset.channels.get(channel)?.policy.rate;
  return {
    dead: (query = {}) => deadLines(deadLetters, query, clock.now()),
    resend: (request, caller) => resendInJob(request, caller, { jobs, resending, rateOf }),
    async deadLetter(id) {
      const record = await deadLetters.find(id);
      return record && viewOf(record, deps);
    },
    editDeadLetter: (id, edit, options) => editInFile(id, edit, options, deps),
    drop: (id) => resending.drop(id),
  };
}

function viewOf(record: DeadLetter, { scrubber }: Pick<Deps, 'scrubber'>): DeadLetterView {
  const shown = scrubber.scrubJson(record);
  return { record: shown, etag: `"${sha256(JSON.stringify(shown)).slice(0, 32)}"` };
}

/** End of a rewrite that is not wanted any more; the file stays as it is. */
class Unwanted extends Error {}

/** Edits the record that is in the file at the moment of the write, so that no other change of it is lost. */
async function editInFile(
  id: string,
  edit: DeadEdit,
  { ifMatch, by }: EditOptions,
  deps: Deps,
): Promise<DeadLetterEdited> {
  const { deadLetters, store, live, resending, scrubber, log } = deps;
  const original = (await store.deliveries.find(id))?.delivery;
  const context = {
    channels: new Map([...live.ruleset.channels].map(([name, { type }]) => [name, type])),
    namesOf: (type: string) => live.channelTypes.find((one) => one.type === type)?.names,
    original,
    scrubJson: <T>(value: T): T => scrubber.scrubJson(value),
  };
  const done: { result: DeadLetterEdited } = { result: { kind: 'none' } };
  const change = (record: DeadLetter): DeadLetter => {
    const edited = decide(record, viewOf(record, deps));
    done.result = edited;
    if (edited.kind !== 'edited') throw new Unwanted();
    if (!resending.allowsEdit(id)) throw inJob();
    return edited.record;
  };
  const decide = (record: DeadLetter, view: DeadLetterView): DeadLetterEdited => {
    if (ifMatch !== undefined && ifMatch !== view.etag) return { kind: 'changed', ...view };
    const result = editDeadLetter(record, edit, context);
    return result.ok
      ? { kind: 'edited', ...viewOf(result.record, deps) }
      : { kind: 'invalid', problems: result.problems };
  };
  await deadLetters.change(new Map([[id, change]])).catch((error: unknown) => {
    if (!(error instanceof Unwanted)) throw error;
  });
  if (done.result.kind === 'edited') log.info({ delivery: id, by }, 'dead letters: a record was edited');
  return done.result;
}
