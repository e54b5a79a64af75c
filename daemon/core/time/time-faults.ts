import { cronTimes, isTimezone } from './due-times.ts';

/** Fault of a time setting: the message, and what to write instead. */
export interface TimeFault {
  readonly message: string;
  readonly mend: string;
}

/** Time zone of the machine; UTC when its setting is invalid. */
export function localTimezone(): string {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined;
  return zone !== undefined && isTimezone(zone) ? zone : 'UTC';
}

export function faultOfTimezone(timezone: string | undefined): TimeFault | undefined {
  if (timezone === undefined || isTimezone(timezone)) return undefined;
  const mend = 'use a name of the IANA list, such as `Europe/Berlin` or `Asia/Shanghai`';
  return { message: 'there is no such time zone', mend };
}

/** Fault of a cron pattern in a time zone. `example` is a valid pattern. */
export function faultOfCron(cron: string, zone: string, example = '0 9 * * mon-fri'): TimeFault | undefined {
  try {
    if (cronTimes(cron, zone).next(0) !== undefined) return undefined;
    return { message: 'no date ever fits this pattern', mend: 'choose a day that the month has' };
  } catch (error) {
    const message = `this is not a cron pattern: ${(error as Error).message.replace(/^CronPattern: /, '')}`;
    return { message, mend: `write minute, hour, day, month, weekday, such as \`${example}\`` };
  }
}

export function faultOfEvery(every: number): TimeFault | undefined {
  return every >= 1000 ? undefined : { message: '`every` is less than a second', mend: 'use `1s` or more' };
}
