const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Parses a duration: `1h30m` -> 5,400,000 ms; undefined if invalid. `0` and `0s` are zero. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) total += Number(amount) * UNITS[unit!]!;
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : undefined;
}

/** Formats a duration: 5,400,000 -> `1h30m`; `parseDuration` reads the same number from it. */
export function formatDuration(ms: number): string {
  let left = Math.round(ms);
  if (left <= 0) return '0s';
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = UNITS[unit]!;
    const amount = Math.floor(left / size);
    if (amount > 0) text += `${amount}${unit}`;
    left -= amount * size;
  }
  return text;
}

/** At most `count` in any `per` milliseconds. */
export interface Rate {
  readonly count: number;
  readonly per: number;
}

/** Parses a rate: `20/1m` or `20/m` -> {count: 20, per: 60000}; undefined if invalid. */
export function parseRate(text: string): Rate | undefined {
  const [, count, per] = /^(\d+)\/(.+)$/.exec(text) ?? [];
  if (count === undefined || per === undefined) return undefined;
  const window = parseDuration(/^\d/.test(per) ? per : `1${per}`);
  const isCount = Number.isSafeInteger(Number(count)) && Number(count) >= 1;
  return window === undefined || window <= 0 || !isCount ? undefined : { count: Number(count), per: window };
}

/** Parses a size: `64KiB` -> 65,536 bytes; undefined if invalid. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  if (!Object.hasOwn(SIZES, unit)) return undefined;
  const bytes = Math.round(Number(amount) * SIZES[unit]!);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
