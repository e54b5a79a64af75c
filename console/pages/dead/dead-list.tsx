import type { VNode } from 'preact';
import type { DeadLetter } from '../../../daemon/http/api/dead-letters.ts';
import { addressOf } from '../../api/client.ts';
import { usePages } from '../../api/pages.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { may } from '../../api/session.ts';
import { href, place, type Query, setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Filters } from '../../ui/filters.tsx';
import { Page } from '../../ui/page.tsx';
import { PagedList } from '../../ui/paged-list.tsx';
import { chosenOf, historyFilters } from '../../parts/history-filters.ts';
import { Time } from '../../ui/time.tsx';
import { Jobs } from './jobs.tsx';
import { CLASSES, letterChanges, NAMES, readLetters, summary } from './letters.ts';
import { ResendDialog } from './resend-dialog.tsx';

/** All dead letters that match, newest first, with what to do about them. */
export function DeadList(): VNode {
  const { dead } = texts.value;
  const query = chosenOf(NAMES, place.value.query);
  const pages = usePages<DeadLetter>('/v1/dead', 'letters', query, {
    read: readLetters,
    changes: letterChanges,
    vanish: true,
  });
  const words = Object.entries(query).flatMap(([name, value]) => [`--${name}`, value!]);
  const call = `/v1/dead${addressOf('/v1/dead', query).search}`;
  const total = summary.value?.total ?? 0;
  return (
    <Page
      title={dead.title}
      actions={
        <>
          {may('admin') && total > 0 && (
            <button type="button" class="primary" onClick={() => setQuery({ do: 'resend' })}>
              {dead.sendAll(total)}
            </button>
          )}
          <CopyCommands curl={curlOf('GET', call)} cli={cliOf('dead', 'list', ...words)} />
        </>
      }
    >
      <Jobs />
      <Filters of={historyFilters(NAMES, { class: CLASSES })} />
      <Counts query={query} />
      {summary.value?.problems.map(({ line, problem }) => (
        <p class="soft" key={line}>
          {dead.noRecord(line)} {problem}
        </p>
      ))}
      <PagedList
        of={pages}
        label={dead.title}
        empty={[Object.keys(query).length === 0 ? dead.none : dead.noMatch, dead.noneMore]}
        hrefOf={({ id }) => href(['dead', id])}
        render={(letter) => <Row letter={letter} />}
      />
      {place.value.query.do === 'resend' && (
        <ResendDialog
          selection={Object.keys(query).length === 0 ? { all: true } : query}
          words={words.length === 0 ? ['--all'] : words}
        />
      )}
    </Page>
  );
}

/** Numbers by channel and class; each is a filter. */
function Counts({ query }: { query: Query }): VNode | null {
  const { counts = [], total = 0 } = summary.value ?? {};
  if (counts.length < 2) return null;
  return (
    <p class="dead-counts">
      <span class="soft">{texts.value.dead.total(total)}</span>
      {counts.slice(0, 12).map((one) => (
        <a
          key={`${one.channel} ${one.class}`}
          href={href(['dead'], { ...query, channel: one.channel, class: one.class })}
        >
          <strong>{one.count.toLocaleString()}</strong> {one.channel} <Chip state={one.class} tone="quiet" />
        </a>
      ))}
    </p>
  );
}

function Row({ letter: { dead_at, class: deadClass, channel, rule, error, message } }: { letter: DeadLetter }): VNode {
  return (
    <>
      <span class="cell cell-time">
        <Time at={dead_at} />
      </span>
      <span class="cell cell-state">
        <Chip state={deadClass} tone={deadClass === 'permanent' ? 'bad' : 'warn'} />
      </span>
      <span class="cell cell-main">{message.title || rule}</span>
      <span class="cell cell-more">
        {error.code}: {error.message}
      </span>
      <span class="cell cell-side">
        {channel} · {rule}
      </span>
    </>
  );
}
