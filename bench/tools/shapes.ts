import type { Json } from '../../daemon/core/values/json.ts';

type Fields = Readonly<Record<string, Json>>;

/** A kind of rules, by number; an event of the same number matches that rule and no other. */
export interface Shape {
  readonly match: (number: number) => Fields;
  readonly condition?: (number: number) => string;
  /** `data` and type of the matching event. */
  readonly data?: (number: number) => Fields;
  readonly type?: (number: number) => string;
}

/** Typical kinds of `match`; a ruleset has rules of each kind in turn. */
export const SHAPES: readonly Shape[] = [
  {
    match: (number) => ({ type: 'push', 'data.repo': `acme/repo-${number}` }),
    data: (number) => ({ repo: `acme/repo-${number}` }),
  },
  {
    match: (number) => ({ 'data.ref': { prefix: `refs/heads/team-${number}/` } }),
    data: (number) => ({ ref: `refs/heads/team-${number}/fix` }),
  },
  {
    match: (number) => ({ 'data.host': { suffix: `.shop-${number}.example` } }),
    data: (number) => ({ host: `web-1.shop-${number}.example` }),
  },
  {
    match: (number) => ({ 'data.path': { glob: `/srv/app-${number}/**/*.csv` } }),
    data: (number) => ({ path: `/srv/app-${number}/in/2026/a.csv` }),
  },
  {
    match: (number) => ({ 'data.port': { gte: 10 * number, lt: 10 * number + 10 } }),
    data: (number) => ({ port: 10 * number + 7 }),
  },
  {
    match: (number) => ({ 'data.user': [`ann-${number}`, `bob-${number}`, { prefix: `bot-${number}-` }] }),
    data: (number) => ({ user: `bob-${number}` }),
  },
  {
    match: (number) => ({ 'data.commits.files.name': `src/file-${number}.ts` }),
    data: (number) => ({ commits: [{ files: [{ name: 'README.md' }, { name: `src/file-${number}.ts` }] }] }),
  },
  {
    match: (number) => ({ [`data.gauges.g${number}`]: { exists: true }, 'data.muted': { exists: false } }),
    data: (number) => ({ gauges: { [`g${number}`]: 1 } }),
  },
  {
    match: (number) => ({ 'data.service': `service-${number}`, 'data.env': { not: ['test', 'staging'] } }),
    data: (number) => ({ service: `service-${number}` }),
  },
  {
    match: (number) => ({ type: `build.job-${number}` }),
    condition: (number) => `data.took > ${number % 50}.5 && data.tries == 1.0`,
    type: (number) => `build.job-${number}`,
  },
];

const OTHERS: Fields = {
  repo: 'acme/other',
  ref: 'refs/tags/v1.2.3',
  host: 'www.example.org',
  path: '/var/log/syslog',
  port: -1,
  user: 'carol',
  commits: [{ files: [{ name: 'README.md' }] }],
  gauges: { load: 0.5 },
  service: 'website',
  env: 'production',
  took: 61.5,
  tries: 1,
};

/** An event of about 300 bytes as JSON, with every field that the rules mention. It matches rule `index` and no other. */
export function eventFitting(index: number): string {
  const shape = SHAPES[index % SHAPES.length]!;
  const number = Math.floor(index / SHAPES.length);
  return JSON.stringify({
    id: `evt-${String(index).padStart(8, '0')}`,
    source: 'api',
    type: shape.type?.(number) ?? 'push',
    subject: 'acme',
    time: '2026-11-23T08:00:00Z',
    data: { ...OTHERS, ...shape.data?.(number) },
  });
}
