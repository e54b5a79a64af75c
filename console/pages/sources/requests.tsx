import type { VNode } from 'preact';
import type { SourceView } from '../../../daemon/http/api/sources.ts';
import { addressOf } from '../../api/client.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Ago } from '../../ui/time.tsx';

type Requests = NonNullable<SourceView['requests']>;

/** Address of a source, and the last requests to it. */
export function RequestSection({ requests }: { requests: Requests }): VNode {
  const { sources } = texts.value;
  const { path, methods, verified, accepted, refused, last_accepted: last, last_refused: refusal } = requests;
  return (
    <Facts
      of={[
        [sources.address, <code>{addressOf(path).href}</code>],
        [sources.methods, methods.join(', ')],
        [sources.verified, verified ? sources.yes : sources.notVerified],
        [sources.accepted, <RequestLine count={accepted} record={last} />],
        [sources.refusedRequests, <RequestLine count={refused} record={refusal} />],
      ]}
    />
  );
}

function RequestLine({ count, record }: { count: number; record: Requests['last_refused'] }): VNode {
  const { sources } = texts.value;
  if (record === undefined) return <span class="soft">{sources.noRequest}</span>;
  const { at, status, remote, reason } = record;
  return (
    <>
      {count.toLocaleString()} · {sources.lastOne} <Ago at={at} />{' '}
      <Chip state={String(status)} tone={status >= 400 ? 'bad' : 'ok'} /> <span class="soft">{remote}</span>
      {reason !== undefined && <span> {reason}</span>}
    </>
  );
}
