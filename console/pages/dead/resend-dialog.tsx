import type { VNode } from 'preact';
import type { ResendPlan } from '../../../daemon/http/api/dead-letters.ts';
import type { ChannelView } from '../../../daemon/http/views.ts';
import { lines } from '../../api/client.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { place, setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Loaded } from '../../ui/states.tsx';

const RESEND = '/v1/dead/resend';

/** Plan of a resend by channel and class, and the choice how: again, to another channel, or decided anew. Nothing is sent before the reader agrees. */
export function ResendDialog(props: {
  /** Body of the request that selects the letters. */
  selection: Readonly<Record<string, unknown>>;
  /** The same selection as words of the command. */
  words: readonly string[];
}): VNode {
  const { dead } = texts.value;
  const { query } = place.value;
  const how = query.how ?? 'again';
  const to = how === 'to' ? query.to : undefined;
  const body = {
    ...props.selection,
    ...(to !== undefined && { to }),
    ...(how === 'anew' && { requeue: true }),
  };
  const plan = useResource<ResendPlan>(RESEND, { body: { ...body, dryRun: true }, live: false });
  const words = [...props.words, ...(to === undefined ? [] : ['--to', to]), ...(how === 'anew' ? ['--requeue'] : [])];
  const close = (): void => setQuery({ do: undefined, how: undefined, to: undefined });
  return (
    <Dialog title={dead.plan} onClose={close} wide>
      <How how={how} to={to} />
      <Loaded of={plan}>
        {({ plan: { total, counts, in_other_jobs: others, channels, until } }) => (
          <>
            <p class="plan-sum">
              <strong>{dead.planned(total)}</strong>
              {how !== 'anew' &&
                Object.entries(channels).map(([channel, count]) => (
                  <span class="soft" key={channel}>
                    → {channel} {count}
                  </span>
                ))}
              {others > 0 && <span class="soft">{dead.inOtherJobs(others)}</span>}
            </p>
            <ul class="plan-counts">
              {counts.map(({ channel, class: deadClass, count }) => (
                <li key={`${channel} ${deadClass}`}>
                  <strong>{count.toLocaleString()}</strong> {channel} <Chip state={deadClass} tone="quiet" />
                </li>
              ))}
            </ul>
            <p class="soft">{how === 'anew' ? dead.anewMore : dead.againMore}</p>
            <p class="form-end">
              <CopyCommands curl={curlOf('POST', RESEND, body)} cli={cliOf('dead', 'resend', ...words)} />
              <button type="button" onClick={close}>
                {texts.value.common.cancel}
              </button>
              <Action
                scope="admin"
                kind="primary"
                disabled={total === 0 || (how === 'to' && to === undefined)}
                run={() => start({ ...body, ...(!('ids' in body) && { until }) }, close)}
              >
                {dead.send(total)}
              </Action>
            </p>
          </>
        )}
      </Loaded>
    </Dialog>
  );
}

function How({ how, to }: { how: string; to: string | undefined }): VNode {
  const { dead } = texts.value;
  const channels = useResource<{ readonly channels: readonly ChannelView[] }>('/v1/channels', { live: false });
  const names = (channels.value.value?.channels ?? []).map(({ name }) => name);
  const choices = [
    ['again', dead.again],
    ['to', dead.elsewhere],
    ['anew', dead.anew],
  ] as const;
  return (
    <fieldset class="how">
      <legend class="unseen">{dead.how}</legend>
      {choices.map(([value, label]) => (
        <label key={value}>
          <input type="radio" name="how" checked={how === value} onChange={() => setQuery({ how: value })} /> {label}
        </label>
      ))}
      {how === 'to' && (
        <select
          aria-label={texts.value.filters.labels.channel}
          value={to ?? ''}
          onChange={({ currentTarget }) => setQuery({ to: currentTarget.value })}
        >
          <option value="">…</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  );
}

/** Starts the job and reads its first line only: the job goes on without this page. */
async function start(body: object, close: () => void): Promise<string> {
  const { dead } = texts.value;
  for await (const { plan } of lines<ResendPlan>('POST', RESEND, { body })) {
    close();
    return dead.started(plan.total);
  }
  return dead.started(0);
}
