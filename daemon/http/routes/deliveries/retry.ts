import type { DeliveryView } from '../../daemon-api.ts';
import { HttpProblem } from '../../problem.ts';
import { type Route, sendJson } from '../route.ts';

interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly mend: (delivery: DeliveryView) => string;
}

const ENDED = 'delivery.ended';

/** Reason why a delivery in each state cannot be made due, and what to do instead. */
const REFUSALS: Readonly<Record<Exclude<DeliveryView['state'], 'pending' | 'held'>, Refusal>> = {
  sending: {
    code: 'delivery.in_flight',
    detail: 'an attempt is under way, or its receipt is awaited',
    mend: ({ id }) => `wait for its end: \`belfry deliveries ${id}\``,
  },
  delivered: {
    code: ENDED,
    detail: 'it has been delivered',
    mend: ({ channel }) => `send a test message to the channel: \`belfry channel test ${channel}\``,
  },
  dead: {
    code: ENDED,
    detail: 'it has ended dead',
    mend: ({ id }) => `send the dead letter: \`belfry dead resend ${id}\``,
  },
  cancelled: {
    code: ENDED,
    detail: 'it was withdrawn, and is not sent any more',
    mend: ({ event }) => `look at the event: \`belfry events ${event}\``,
  },
};

export const retryRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/deliveries/:id/retry',
    scope: 'admin',
    audit: 'delivery.retry',
    summary: 'Make a delivery that waits for its next attempt due now.',
    answers: {
      200: 'The delivery; if its channel keeps it back, with `reason` and `mend`',
      404: 'No such delivery',
      409: 'An attempt is under way, or it has ended; `detail` says what to do',
    },
    async handle({ response, params, audit }, { daemon, scrubber }) {
      const retried = await daemon.retryDelivery(params.id ?? '');
      if (retried === undefined) throw new HttpProblem(404, 'delivery.none', 'there is no delivery with this id');
      const { isDue, delivery } = retried;
      if (!isDue) throw refusalOf(delivery);
      await audit.done({ target: delivery.id, details: { channel: delivery.channel, rule: delivery.rule } });
      sendJson(response, 200, scrubber.scrubJson(delivery));
    },
  },
];

function refusalOf(delivery: DeliveryView): HttpProblem {
  // A delivery whose attempt has ended meanwhile waits for the next one by now.
  const state = delivery.state === 'pending' || delivery.state === 'held' ? 'sending' : delivery.state;
  const { code, detail, mend } = REFUSALS[state];
  return new HttpProblem(409, code, `${detail}; ${mend(delivery)}`, { more: { state } });
}
