import type { ComponentChildren, VNode } from 'preact';
import type { DeliveryView } from '../../../daemon/http/views.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { Code } from '../../ui/facts.tsx';
import { Section } from '../../ui/page.tsx';
import { readableBody } from './words.ts';

/** Request of the last attempt and its answer, side by side. Secrets are masked by the daemon. */
export function ExchangeSection({ delivery }: { delivery: DeliveryView }): VNode {
  const { deliveries } = texts.value;
  const { request, answer, requests, attempts } = delivery;
  if (request === undefined)
    return (
      <Section title={deliveries.exchange}>
        <p class="quiet-line">{attempts.length === 0 ? deliveries.noAttempt : deliveries.noExchange}</p>
      </Section>
    );
  return (
    <Section title={requests === undefined ? deliveries.exchange : deliveries.exchangeOf(requests)}>
      <div class="delivery-exchange">
        <Half
          label={deliveries.request}
          head={
            <>
              <strong>{request.method}</strong> {request.url}
            </>
          }
          of={request}
        />
        {answer === undefined ? (
          <div>
            <h3>{deliveries.answer}</h3>
            <p class="quiet-line">{deliveries.noAnswer}</p>
          </div>
        ) : (
          <Half
            label={deliveries.answer}
            head={<Chip state={String(answer.status)} tone={isGood(answer.status) ? 'ok' : 'bad'} />}
            of={answer}
          />
        )}
      </div>
    </Section>
  );
}

const isGood = (status: number): boolean => status < 300;

function Half(props: {
  label: string;
  head: ComponentChildren;
  of: NonNullable<DeliveryView['request'] | DeliveryView['answer']>;
}): VNode {
  const { deliveries } = texts.value;
  const { headers, body = '', body_bytes } = props.of;
  const lines = Object.entries(headers);
  return (
    <div>
      <h3>{props.label}</h3>
      <p class="delivery-head">{props.head}</p>
      <dl class="delivery-headers">
        {lines.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {body === '' ? (
        <p class="quiet-line">{deliveries.noBody}</p>
      ) : (
        <Code text={readableBody(body, headers['content-type'])} label={props.label} />
      )}
      {body_bytes !== undefined && <p class="soft">{deliveries.cut(body_bytes)}</p>}
    </div>
  );
}
