import type { VNode } from 'preact';
import type { ChannelTestView } from '../../../daemon/http/daemon-api.ts';
import { duration } from '../../lib/time.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Section } from '../../ui/page.tsx';

/** Answer of the provider to a test message. */
export function TestResult({ result }: { result: ChannelTestView }): VNode {
  const { channels } = texts.value;
  const { ok, receipt, error, ms, rule, messages = [], errors = [] } = result;
  return (
    <Section title={channels.testResult}>
      <div class="card" role="status">
        <p>
          <Chip state={ok ? 'delivered' : 'failed'} />{' '}
          {ok ? (receipt?.answer ?? receipt?.id ?? '') : `${error?.code ?? ''}: ${error?.message ?? ''}`}
        </p>
        <Facts
          of={[
            [channels.took, duration(ms)],
            [channels.rule, rule],
            [channels.class, error?.class],
            [channels.templateErrors, errors.join('; ')],
            ...messages.map(({ title, body }) => [channels.message, `${title ?? ''} ${body ?? ''}`] as const),
          ]}
        />
      </div>
    </Section>
  );
}
