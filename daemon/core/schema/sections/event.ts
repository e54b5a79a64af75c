import { Type } from '../type.ts';

const text = (description: string, example: string) => Type.String({ description, examples: [example], minLength: 1 });

/** An event as it is posted, stored and shown. */
export const eventSchema = Type.Object(
  {
    type: text('The kind of event, such as `backup.failed`.', 'deploy.finished'),
    source: Type.Optional(text('The source of the event; `api` if a posted event has none.', 'api')),
    id: Type.Optional(
      text(
        'Id of the event. A second event with the same `source` and `id` is a duplicate. If not set, one is made.',
        '8f6d0c1e-1',
      ),
    ),
    subject: Type.Optional(text('The subject of the event.', 'acme/api')),
    time: Type.Optional(text('Time of the event, RFC 3339. If not set, the time of arrival.', '2026-11-23T09:00:00Z')),
    data: Type.Optional(Type.Unknown({ description: 'The data, any JSON.', examples: [{ conclusion: 'failure' }] })),
    specversion: Type.Optional(text('Version of CloudEvents, if the event is a CloudEvent.', '1.0')),
    datacontenttype: Type.Optional(text('Media type of `data`, for CloudEvents.', 'application/json')),
  },
  { description: 'An event: the attributes of CloudEvents 1.0, extensions beside them.' },
);
