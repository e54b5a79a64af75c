import { condition, duration, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';

/** One entry of `silences:`, also the body of `POST /v1/silences`. */
export const silenceSchema = strict(
  {
    name: Type.Optional(
      Type.String({
        description: 'Name of the silence, as `explain` and the history show it.',
        examples: ['release night'],
        maxLength: 200,
      }),
    ),
    match: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        belfry: 'match',
        description: 'Dotted path -> pattern, as in rules; also `rule` and `key`. `{}` matches everything.',
        examples: [{ rule: 'disk-full', 'data.host': 'web1' }],
      }),
    ),
    if: Type.Optional(
      condition({
        description: 'Further condition (CEL); it may also use `rule` and `key`.',
        examples: ['data.severity != "critical"'],
      }),
    ),
    from: Type.Optional(
      Type.String({
        description: 'Beginning. If not set, at once. Without an offset it is in `timezone`.',
        examples: ['2026-12-24T18:00:00+01:00', '2026-12-24T18:00'],
      }),
    ),
    until: Type.Optional(
      Type.String({
        description:
          'End. Required unless the silence is `recurring`. Without an offset it is in `timezone`; a date alone is the beginning of that day.',
        examples: ['2026-12-27T08:00:00+01:00', '2026-12-27'],
      }),
    ),
    timezone: Type.Optional(
      Type.String({
        description: 'IANA name of the zone of `from`, `until` and `recurring`; by default that of the machine.',
        examples: ['Europe/Berlin'],
      }),
    ),
    recurring: Type.Optional(
      strict(
        {
          cron: Type.String({
            description: 'Cron pattern of the beginning of each window.',
            examples: ['0 22 * * sat'],
          }),
          for: duration({
            description: 'Length of each window in elapsed time. Windows that overlap are joined.',
            examples: ['6h'],
          }),
          timezone: Type.Optional(
            Type.String({
              description: 'IANA name of the zone of this pattern; by default that of the silence.',
              examples: ['Europe/Berlin'],
            }),
          ),
        },
        { description: 'A silence that recurs, between `from` and `until` if they are set.' },
      ),
    ),
    reason: Type.Optional(
      Type.String({
        description: 'Reason, which is shown with each event that it silences.',
        examples: ['release night'],
        maxLength: 1000,
      }),
    ),
    by: Type.Optional(Type.String({ description: 'The person who added it.', examples: ['ann'], maxLength: 200 })),
  },
  { description: 'Silences: events that notify nobody for a time.' },
);

export type SilenceSettings = Static<typeof silenceSchema>;
