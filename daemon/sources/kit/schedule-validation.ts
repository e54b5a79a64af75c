import { cronTimes, isTimezone } from '../../core/time/due-times.ts';
import type { SettingProblem } from '../source.ts';

/** A problem of one time setting. */
export type TimeFault = Omit<SettingProblem, 'pointer'>;

/** The given time zone, or that of the machine. */
export function zoneOrLocal(timezone: string | undefined): string {
  return timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function faultOfTimezone(timezone: string | undefined): TimeFault | undefined {
  if (timezone === undefined || isTimezone(timezone)) return undefined;
  const mend = 'use a name of the IANA list, such as `Europe/Berlin` or `Asia/Shanghai`';
  return { message: 'there is no such time zone', mend };
}

export function faultOfCron(cron: string, zone: string): TimeFault | undefined {
  const mend = 'write minute, hour, day, month, weekday, such as `0 9 * * mon-fri`';
  try {
    if (cronTimes(cron, zone).next(0) !== undefined) return undefined;
    return { message: 'no date ever fits this pattern', mend: 'choose a day that the month has' };
  } catch (error) {
    return { message: `this is not a cron pattern: ${(error as Error).message.replace(/^CronPattern: /, '')}`, mend };
  }
}

export function faultOfEvery(every: number): TimeFault | undefined {
  return every >= 1000 ? undefined : { message: '`every` is less than a second', mend: 'use `1s` or more' };
}
