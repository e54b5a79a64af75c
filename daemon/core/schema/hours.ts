import { type Static, Type } from 'typebox';
import { oneOrMany, strict } from './fields.ts';

const TIME = '^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$';

export const hoursSpanSchema = strict(
  {
    days: Type.Optional(
      oneOrMany(Type.String({ minLength: 1, description: 'A weekday, or a range of them.', examples: ['mon-fri'] }), {
        description: 'Weekdays and ranges of them; if not set, every day.',
        examples: ['mon-fri', 'sat,sun', ['mon', 'wed-fri']],
      }),
    ),
    from: Type.Optional(
      Type.String({
        pattern: TIME,
        description: 'When it begins, on the wall clock.',
        examples: ['09:00'],
        default: '00:00',
      }),
    ),
    to: Type.Optional(
      Type.String({
        pattern: TIME,
        description: 'When it ends; not later than `from` means on the next day.',
        examples: ['18:00', '24:00'],
        default: '24:00',
      }),
    ),
    timezone: Type.Optional(
      Type.String({
        description: 'IANA name of the zone; otherwise that of the machine.',
        examples: ['Asia/Shanghai'],
      }),
    ),
  },
  { description: 'A span of the week.' },
);

/** One entry of `hours:`: a span, or several. */
export const hoursSchema = oneOrMany(hoursSpanSchema, {
  description: 'A span of the week, or a list of them.',
  examples: [{ days: 'mon-fri', from: '09:00', to: '18:00', timezone: 'Asia/Shanghai' }],
});

export type HoursSettings = Static<typeof hoursSchema>;
