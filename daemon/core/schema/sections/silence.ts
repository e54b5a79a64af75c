import { condition, duration, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';

/** One entry of `silences:`, and what `POST /v1/silences` takes. */
export const silenceSchema = strict(
  {
    name: Type.Optional(
      Type.String({ description: 'How it is called in traces.', examples: ['release night'], maxLength: 200 }),
    ),
    match: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        belfry: 'match',
        description: 'Dotted path -> pattern, as in rules; also `rule` and `key`. `{}` is everything.',
        examples: [{ rule: 'disk-full', 'data.host': 'web1' }],
      }),
    ),
    if: Type.Optional(
      condition({
        description: 'What must hold too (CEL); `rule` and `key` can be named here, too.',
        examples: ['data.severity != "critical"'],
      }),
    ),
    from: Type.Optional(
      Type.String({
        description: 'When it begins; if not set, at once. Without an offset it is meant in `timezone`.',
        examples: ['2026-12-24T18:00:00+01:00', '2026-12-24T18:00'],
      }),
    ),
    until: Type.Optional(
      Type.String({
        description:
          'When it is over; must be set unless it is `recurring`. Without an offset it is meant in `timezone`, and a date alone is its beginning.',
        examples: ['2026-12-27T08:00:00+01:00', '2026-12-27'],
      }),
    ),
    timezone: Type.Optional(
      Type.String({
        description: 'IANA name of the zone of `from`, `until` and `recurring`; otherwise that of the machine.',
        examples: ['Europe/Berlin'],
      }),
    ),
    recurring: Type.Optional(
      strict(
        {
          cron: Type.String({ description: 'When each window begins.', examples: ['0 22 * * sat'] }),
          for: duration({
            description: 'How long it stays open, in time that really passes; windows that overlap are one.',
            examples: ['6h'],
          }),
          timezone: Type.Optional(
            Type.String({
              description: 'IANA name of the zone of this pattern; otherwise that of the silence.',
              examples: ['Europe/Berlin'],
            }),
          ),
        },
        { description: 'It comes again and again, from `from` until `until` if they are set.' },
      ),
    ),
    reason: Type.Optional(
      Type.String({
        description: 'Why; shown wherever it silences something.',
        examples: ['release night'],
        maxLength: 1000,
      }),
    ),
    by: Type.Optional(Type.String({ description: 'Who wants it.', examples: ['ann'], maxLength: 200 })),
  },
  { description: 'What nobody wants to hear of for a while.' },
);

export type SilenceSettings = Static<typeof silenceSchema>;
