import { Type } from '../type.ts';

const text = (description: string, example: string) => Type.String({ description, examples: [example], minLength: 1 });

/** An event as it is posted, stored and shown. */
export const eventSchema = Type.Object(
  {
    type: text('What kind of thing happened.', 'deploy.finished'),
    source: Type.Optional(text('Where it happened; `api` for posted events that do not say.', 'api')),
    id: Type.Optional(
      text('With `source` its identity: the same pair again is the same event. Made if not given.', '8f6d0c1e-1'),
    ),
    subject: Type.Optional(text('What it is about.', 'acme/api')),
    time: Type.Optional(text('RFC 3339; now if not given.', '2026-11-23T09:00:00Z')),
    data: Type.Optional(Type.Unknown({ description: 'Anything in JSON.', examples: [{ conclusion: 'failure' }] })),
    specversion: Type.Optional(text('The version of CloudEvents, when it is one.', '1.0')),
    datacontenttype: Type.Optional(text('Media type of `data`, for CloudEvents.', 'application/json')),
  },
  { description: 'An event: the attributes of CloudEvents 1.0, extensions beside them.' },
);
