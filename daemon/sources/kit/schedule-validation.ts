import { cronTimes, isTimezone } from '../../core/time/due-times.ts';

/** What is wrong with a setting that says when. */
export interface WrongWords {
  readonly message: string;
  readonly mend: string;
}

/** The zone that is meant; without one that of the machine. */
export function zoneOrOwn(timezone: string | undefined): string {
  return timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function faultOfTimezone(timezone: string | undefined): WrongWords | undefined {
  if (timezone === undefined || isTimezone(timezone)) return undefined;
  const mend = 'use a name of the IANA list, such as `Europe/Berlin` or `Asia/Shanghai`';
  return { message: 'there is no such time zone', mend };
}

export function faultOfCron(cron: string, zone: string): WrongWords | undefined {
  const mend = 'write minute, hour, day, month, weekday, such as `0 9 * * mon-fri`';
  try {
    if (cronTimes(cron, zone).next(0) !== undefined) return undefined;
    return { message: 'no date ever fits this pattern', mend: 'choose a day that the month has' };
  } catch (error) {
    return { message: `this is not a cron pattern: ${(error as Error).message.replace(/^CronPattern: /, '')}`, mend };
  }
}

export function faultOfEvery(every: number): WrongWords | undefined {
  return every >= 1000 ? undefined : { message: '`every` is less than a second', mend: 'use `1s` or more' };
}
