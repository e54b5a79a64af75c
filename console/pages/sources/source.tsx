import type { VNode } from 'preact';
import type { SourceView } from '../../../daemon/http/api/sources.ts';
import { addressOf } from '../../api/client.ts';
import { curlOf } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Failed, Loaded } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { BeatSections } from './beats.tsx';
import { countsText, stateOf } from './period.ts';
import { RequestSection } from './requests.tsx';

const EVERY_MS = 5_000;

/** One source: what it expects, and what came last. */
export function SourcePage({ name }: { name: string }): VNode {
  const { sources } = texts.value;
  const all = useResource<{ sources: readonly SourceView[] }>('/v1/sources', { everyMs: EVERY_MS });
  const source = all.value.value?.sources.find((one) => one.name === name);
  const route = source?.requests;
  const method = route?.methods.includes('POST') === true ? 'POST' : 'GET';
  const curl = route && `curl -X ${method} '${addressOf(route.path).href}'`;
  return (
    <Page title={name} actions={<CopyCommands curl={curl ?? curlOf('GET', '/v1/sources')} />}>
      <Loaded of={all}>
        {() => (source === undefined ? <Failed message={sources.gone(name)} /> : <Details source={source} />)}
      </Loaded>
    </Page>
  );
}

function Details({ source }: { source: SourceView }): VNode {
  const { sources } = texts.value;
  const { name, type, reason, beats, schedule, requests, files } = source;
  return (
    <>
      <div class="card">
        <p>
          <Chip state={stateOf(source)} />{' '}
          {reason ?? (stateOf(source) === 'running' ? sources.works : beats && countsText(beats))}
        </p>
      </div>
      <Section title={sources.settings}>
        <Facts
          of={[
            [sources.type, type],
            [sources.when, schedule?.when ?? beats?.when],
            [sources.timezone, schedule?.timezone ?? beats?.timezone],
            [sources.grace, beats?.grace],
            [sources.last, schedule?.last_at !== undefined && <Time at={schedule.last_at} />],
            [sources.next, schedule?.next_at !== undefined && <Time at={schedule.next_at} />],
            [sources.paths, files?.paths.join(', ')],
            [sources.files, files && sources.watches(files.files, files.folders)],
            [sources.events, <a href={href(['events'], { source: name })}>{sources.eventsOf}</a>],
          ]}
        />
      </Section>
      {beats !== undefined && <BeatSections beats={beats} />}
      {requests !== undefined && (
        <Section title={sources.requests}>
          <RequestSection requests={requests} />
        </Section>
      )}
    </>
  );
}
