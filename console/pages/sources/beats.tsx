import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { WindowedList } from '../../ui/list.tsx';
import { Section } from '../../ui/page.tsx';
import { Empty } from '../../ui/states.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import { BeatBar } from './beat-bar.tsx';
import type { Beat, Beats } from './period.ts';

/** Heartbeats with their periods, and the last pings. */
export function BeatSections({ beats }: { beats: Beats }): VNode {
  const { sources } = texts.value;
  const { counts, list, log } = beats;
  const total = counts.down + counts.late + counts.new + counts.up;
  return (
    <>
      <Section title={sources.beats}>
        {list.length === 0 ? (
          <Empty title={sources.noBeat}>{sources.noBeatMore}</Empty>
        ) : (
          <>
            <WindowedList
              items={list}
              label={sources.beats}
              keyOf={({ key = '' }) => key}
              render={(beat) => <BeatRow beat={beat} />}
              row={44}
              phoneRow={80}
            />
            {total > list.length && <p class="list-end">{sources.more(total - list.length)}</p>}
          </>
        )}
      </Section>
      <Section title={sources.log}>
        {log.length === 0 ? (
          <Empty title={sources.noPing} />
        ) : (
          <ul class="pings">
            {log.map((ping, index) => (
              <li key={`${ping.at} ${index}`}>
                <Time at={ping.at} />
                <Chip state={ping.kind} tone={ping.kind === 'fail' ? 'bad' : 'ok'} />
                <span>{ping.key}</span>
                <span class="soft">
                  {ping.exit_code !== undefined && sources.exitCode(ping.exit_code)}{' '}
                  {ping.by === 'event' ? sources.byEvent : sources.byRequest}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Section>
    </>
  );
}

function BeatRow({ beat }: { beat: Beat }): VNode {
  const { sources } = texts.value;
  const { key, state, last_beat_at: last, running_since: running } = beat;
  return (
    <>
      <span class="cell cell-state source-state">
        <Chip state={state} />
      </span>
      {key !== undefined && (
        <span class="cell source-name">
          <strong>{key}</strong>
        </span>
      )}
      <span class="cell cell-more source-fact">
        <BeatBar beat={beat} />
      </span>
      <span class="cell beat-last">
        {running !== undefined ? (
          <>
            {sources.running} <Ago at={running} />
          </>
        ) : last === undefined ? (
          sources.noBeatYet
        ) : (
          <>
            {sources.lastBeat} <Ago at={last} />
          </>
        )}
      </span>
    </>
  );
}
