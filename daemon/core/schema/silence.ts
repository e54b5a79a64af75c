import { type Static, Type } from 'typebox';
import { condition, duration, strict } from './fields.ts';

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
      condition({ description: 'What must hold too (CEL).', examples: ['data.severity != "critical"'] }),
    ),
    from: Type.Optional(
      Type.String({ description: 'When it begins; if not set, at once.', examples: ['2026-12-24T18:00:00+01:00'] }),
    ),
    until: Type.Optional(Type.String({ description: 'When it is over.', examples: ['2026-12-27T08:00:00+01:00'] })),
    timezone: Type.Optional(
      Type.String({
        description: 'IANA name of the zone in which `from` and `until` without an offset are meant.',
        examples: ['Europe/Berlin'],
      }),
    ),
    recurring: Type.Optional(
      strict(
        {
          cron: Type.String({ description: 'When each window begins.', examples: ['0 22 * * sat'] }),
          for: duration({ description: 'How long it stays open.', examples: ['6h'] }),
          timezone: Type.Optional(
            Type.String({
              description: 'IANA name of the zone; otherwise that of the machine.',
              examples: ['Europe/Berlin'],
            }),
          ),
        },
        { description: 'It comes again.' },
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
