import { MAX_ATTRIBUTE_LENGTH, MAX_DEPTH as MAX_EVENT_DEPTH, MAX_EVENTS } from '../../../core/event/cloudevents.ts';
import { MAX_SILENCES } from '../../../core/alerts/silence-request.ts';
import { MAX_KEPT } from '../../../core/flow/steps/digest.ts';
import { MAX_HELD } from '../../../core/flow/steps/hours.ts';
import { MAX_EVENTS_KEPT } from '../../../core/flow/steps/threshold.ts';
import { MAX_KEY_LENGTH, MAX_VALUES } from '../../../core/values/json.ts';
import { MAX_DEPTH } from '../../../http/request/body.ts';
import { MAX_KEY_LENGTH as MAX_IDEMPOTENCY_KEY } from '../../../http/routes/events/events.ts';
import { sourceTypes } from '../../../sources/index.ts';
import { type LimitSection, number } from '../../../core/schema/reference/limit.ts';

export const events: LimitSection = {
  title: 'Events',
  limits: [
    {
      name: 'event_rate',
      of: 'Events a second from outside',
      most: 'none',
      setting: '`daemon.limits.events_per_second`',
      beyond: '429 `intake.rate` with `Retry-After`',
      counted: 'refused',
    },
    {
      name: 'queue',
      of: 'Pending deliveries with their events',
      most: '1 GiB',
      setting: '`daemon.limits.queue`',
      beyond: '507 `intake.queue_full`',
      counted: 'refused',
    },
    {
      name: 'batch',
      of: 'Events of one request',
      most: number(MAX_EVENTS),
      beyond: '400 `events.too_many`; `each` of a webhook source: 413 `hook.too_many_events`',
      counted: 'refused',
    },
    {
      name: 'json_depth',
      of: 'Nesting of JSON',
      most: `${MAX_EVENT_DEPTH} in a posted event, ${MAX_DEPTH} in other bodies`,
      beyond: '400 `events.too_deep`, `body.too_deep`',
      counted: 'refused',
    },
    {
      name: 'json_values',
      of: 'Values in an event or a body',
      most: number(MAX_VALUES),
      beyond: '400 `events.too_many_values`, `body.too_many_values`',
      counted: 'refused',
    },
    {
      name: 'json_key',
      of: 'Characters of the name of a field',
      most: number(MAX_KEY_LENGTH),
      beyond: '400 `events.long_key`, `body.long_key`',
      counted: 'refused',
    },
    {
      name: 'attribute',
      of: 'Characters of `type`, `id`, `source`, `subject` and `time`',
      most: number(MAX_ATTRIBUTE_LENGTH),
      beyond: '400 `events.attribute`',
    },
    {
      name: 'idempotency_key',
      of: 'Characters of an `Idempotency-Key`',
      most: number(MAX_IDEMPOTENCY_KEY),
      beyond: '400 `header.idempotency_key`',
    },
    {
      name: 'digest_events',
      of: 'Events of one message of `digest`',
      most: number(MAX_KEPT),
      setting: '`digest.max`',
      beyond: 'further ones are counted in the message',
    },
    {
      name: 'threshold_events',
      of: '`count` of a `threshold` whose message has all events',
      most: number(MAX_EVENTS_KEPT),
      beyond: 'the message has the last event, and the number of all',
    },
    {
      name: 'held_groups',
      of: 'Groups of events that one key keeps outside of its hours',
      most: number(MAX_HELD),
      beyond: 'further ones are dropped, counted as the outcome `outside_hours`',
    },
    {
      name: 'silences',
      of: 'Silences that people made and that have not ended',
      most: number(MAX_SILENCES),
      beyond: '409 `silence.too_many`',
      counted: 'refused',
    },
  ],
};

/** Limits of the types of sources. */
export const sources: LimitSection = {
  title: 'Sources',
  limits: sourceTypes.flatMap(({ limits = [] }) => limits),
};

export const history: LimitSection = {
  title: 'History',
  limits: [
    {
      name: 'history_time',
      of: 'Time for which the history is kept and duplicates are recognized',
      most: '7d',
      setting: '`daemon.retention.events`',
      beyond: 'the oldest events are removed, never one with a pending delivery',
    },
    {
      name: 'history_size',
      of: 'Size of the history',
      most: '1 GiB',
      setting: '`daemon.retention.size`',
      beyond: 'the oldest events are removed, never one with a pending delivery',
    },
  ],
};
