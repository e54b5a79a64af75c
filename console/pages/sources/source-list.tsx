import type { VNode } from 'preact';
import type { SourceView } from '../../../daemon/http/api/sources.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { href, place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Filters } from '../../ui/filters.tsx';
import { WindowedList } from '../../ui/list.tsx';
import { Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { BeatBar } from './beat-bar.tsx';
import { countsText, search, stateOf, worstFirst } from './period.ts';

const EVERY_MS = 5_000;

/** Every source with its next due time, its last request or its files; those that miss something first. */
export function SourceList(): VNode {
  const { sources } = texts.value;
  const all = useResource<{ sources: readonly SourceView[] }>('/v1/sources', { everyMs: EVERY_MS });
  const { text = '' } = place.value.query;
  return (
    <Page title={sources.title} actions={<CopyCommands curl={curlOf('GET', '/v1/sources')} cli={cliOf('status')} />}>
      <Filters of={[{ name: 'text', label: texts.value.filters.labels.text, isSearch: true }]} />
      <Loaded of={all}>
        {({ sources: found }) => {
          const shown = worstFirst(search(found, text));
          if (found.length === 0) return <Empty title={sources.none}>{sources.noneMore}</Empty>;
          if (shown.length === 0) return <Empty title={sources.noMatch} />;
          return (
            <WindowedList
              items={shown}
              label={sources.title}
              keyOf={({ name }) => name}
              hrefOf={({ name }) => href(['sources', name])}
              render={(source) => <Row source={source} />}
              row={44}
              phoneRow={76}
            />
          );
        }}
      </Loaded>
    </Page>
  );
}

function Row({ source }: { source: SourceView }): VNode {
  const { name, type, reason } = source;
  return (
    <>
      <span class="cell cell-state source-state">
        <Chip state={stateOf(source)} />
      </span>
      <span class="cell source-name">
        <strong>{name}</strong>
        <small>{type}</small>
      </span>
      <span class="cell cell-more source-fact">{reason ?? <Fact source={source} />}</span>
    </>
  );
}

/** The most important fact about a source, in one line. */
function Fact({ source }: { source: SourceView }): VNode | null {
  const { sources } = texts.value;
  const { beats, schedule, requests, files } = source;
  if (beats !== undefined) {
    const [only] = beats.list;
    if (only !== undefined && only.key === undefined) return <BeatBar beat={only} />;
    return <span>{countsText(beats) || sources.noBeatYet}</span>;
  }
  if (schedule !== undefined)
    return (
      <span>
        <code>{schedule.when}</code>{' '}
        {schedule.next_at === undefined ? (
          sources.over
        ) : (
          <>
            {sources.next} <Ago at={schedule.next_at} />
          </>
        )}
      </span>
    );
  if (files !== undefined) return <span>{sources.watches(files.files, files.folders)}</span>;
  if (requests === undefined) return null;
  const { path, last_accepted: last, last_refused: refused } = requests;
  return (
    <span>
      <code>{path}</code>{' '}
      {last === undefined ? (
        sources.noRequestYet
      ) : (
        <>
          {sources.lastRequest} <Ago at={last.at} />
        </>
      )}
      {refused !== undefined && (
        <span class="source-refused">
          {' '}
          · {sources.refused} <Ago at={refused.at} />
        </span>
      )}
    </span>
  );
}
