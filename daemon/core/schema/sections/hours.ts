import { oneOrMany, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';

const TIME = '^([01][0-9]|2[0-3]):[0-5][0-9]$';

const dates = (description: string, examples: readonly unknown[]) =>
  Type.Optional(
    oneOrMany(
      Type.String({
        minLength: 1,
        description: 'A date, with or without a year, or a range of dates.',
        examples: ['2026-12-24'],
      }),
      { description, examples },
    ),
  );

/** One span; `days`, `dates` and `except_dates` are about the day on which it begins. */
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
        description: 'Beginning, in local time.',
        examples: ['09:00'],
        default: '00:00',
      }),
    ),
    to: Type.Optional(
      Type.String({
        pattern: `${TIME}|^24:00$`,
        description: 'End, in local time. If it is earlier than `from`, it is on the next day.',
        examples: ['18:00', '24:00'],
        default: '24:00',
      }),
    ),
    timezone: Type.Optional(
      Type.String({
        description: 'IANA name of the zone; by default that of the machine.',
        examples: ['Asia/Shanghai'],
      }),
    ),
    dates: dates('Only on these dates, if they are also among `days`. A date without a year is in every year.', [
      '06-01..08-31',
      ['2026-12-24', '12-31'],
    ]),
    except_dates: dates('Not on these dates, such as holidays.', [['01-01', '05-01', '12-24..12-26']]),
  },
  { description: 'A span of the week.' },
);

/** One entry of `hours:`: a span, or several. */
export const hoursSchema = oneOrMany(hoursSpanSchema, {
  description: 'A span of the week, or a list of them.',
  examples: [{ days: 'mon-fri', from: '09:00', to: '18:00', timezone: 'Asia/Shanghai' }],
});

export type HoursSpanSettings = Static<typeof hoursSpanSchema>;
