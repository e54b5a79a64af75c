/** A bound of the daemon, as docs/reference-limits.md shows it. */
export interface Limit {
  /** Unique; where `counted` is `refused` also the value of the label. */
  readonly name: string;
  /** Description of what has this limit. */
  readonly of: string;
  /** The default. */
  readonly most: string;
  /** Setting that changes it. */
  readonly setting?: string;
  /** Description of what happens beyond it. */
  readonly beyond: string;
  /** Metric that counts refusals: `refused` is `belfry_refused_total`. Absent: nothing is refused. */
  readonly counted?: 'refused' | 'reload' | 'rule error' | 'delivery';
}

export interface LimitSection {
  readonly title: string;
  readonly limits: readonly Limit[];
}

export const number = (value: number): string => value.toLocaleString('en-US');

const KIB = 1024;

/** `64 KiB`, `16 MiB` */
export function bytes(value: number): string {
  return value >= KIB * KIB
    ? `${number(value / KIB / KIB)} MiB`
    : value >= KIB
      ? `${number(value / KIB)} KiB`
      : `${value} bytes`;
}
