import { isObject } from '../../../core/values/json.ts';
import type { ConfigText } from '../config-text.ts';
import type { Draft, Settings } from '../draft.ts';
import { conditionsOf, expressionOf, type Matcher, matchersOf } from './matchers.ts';
import type { ImportedChannel } from './receivers.ts';

type Path = readonly (string | number)[];

export interface RouteContext {
  readonly config: ConfigText;
  readonly draft: Draft;
  /** Name of the source. */
  readonly source: string;
  readonly channels: ReadonlyMap<string, readonly ImportedChannel[]>;
  /** Names of `hours`, by the names of time intervals. */
  readonly intervals: ReadonlyMap<string, string>;
}

/** Part of a route that its children have, too. */
interface Inherited {
  readonly receiver?: string;
  readonly repeat?: string;
  readonly matchers: readonly Matcher[];
  /** Expressions of earlier routes that took the alert. */
  readonly without: readonly string[];
}

/** Settings of a route that Belfry has no equivalent of, and advice. */
const GROUPING: Readonly<Record<string, string>> = {
  group_by: 'each alert is one message; for one message of many, add a `digest` to the rule',
  group_wait: 'each alert is sent at once; for a delay, add `for` or `digest` to the rule',
  group_interval: 'each alert is one message; for one message of many, add a `digest` to the rule',
};

/** Default of Alertmanager. */
const REPEAT_INTERVAL = '4h';

/**
 * Adds a rule for each route that sends. An alert goes to the first child that matches, unless that says `continue`, and to the route itself if no
 * child matches; so a rule excludes the alerts of the routes before it and below it. https://prometheus.io/docs/alerting/latest/configuration/#route
 */
export function importRoutes(root: unknown, context: RouteContext): void {
  if (isObject(root)) importRoute(root, ['route'], { matchers: [], without: [], repeat: REPEAT_INTERVAL }, context);
}

/** Returns the expression of the alerts that the route takes; undefined for all that its parent has. */
function importRoute(
  route: Readonly<Record<string, unknown>>,
  path: Path,
  parent: Inherited,
  context: RouteContext,
): string | undefined {
  const { config, draft } = context;
  const read = matchersOf(route);
  if (read.includes(undefined))
    draft.skip(
      config.placeOf([...path, 'matchers']),
      'a matcher cannot be read',
      'add its condition to the rule by hand',
    );
  const own = read.filter((matcher) => matcher !== undefined);
  for (const [name, mend] of Object.entries(GROUPING))
    if (route[name] !== undefined && !isEach(route[name]))
      draft.skip(config.placeOf([...path, name]), 'Belfry does not group', mend);
  const inherited: Inherited = {
    receiver: typeof route.receiver === 'string' ? route.receiver : parent.receiver!,
    repeat: typeof route.repeat_interval === 'string' ? route.repeat_interval : parent.repeat!,
    matchers: [...parent.matchers, ...own],
    without: parent.without,
  };
  const children = Array.isArray(route.routes) ? route.routes.filter(isObject) : [];
  const taken: string[] = [];
  const below: string[] = [];
  for (const [index, child] of children.entries()) {
    const expression = importRoute(
      child,
      [...path, 'routes', index],
      { ...inherited, without: [...inherited.without, ...taken] },
      context,
    );
    if (expression !== undefined) below.push(`!(${expression})`);
    if (expression !== undefined && child.continue !== true) taken.push(`!(${expression})`);
  }
  addRule(route, path, { ...inherited, without: [...inherited.without, ...below] }, context);
  return own.length === 0 ? undefined : own.map(expressionOf).join(' && ');
}

const isEach = (groupBy: unknown): boolean => Array.isArray(groupBy) && groupBy.length === 1 && groupBy[0] === '...';

function addRule(
  route: Readonly<Record<string, unknown>>,
  path: Path,
  { receiver = '', repeat, matchers, without }: Inherited,
  context: RouteContext,
): void {
  const { config, draft, source, channels } = context;
  const notified = channels.get(receiver) ?? [];
  // A receiver without integrations drops its alerts.
  if (notified.length === 0) return;
  const { match, expressions } = conditionsOf(matchers);
  const conditions = [...expressions, ...without];
  const place = config.placeOf(path);
  const silent = notified.filter(({ sendsResolved }) => !sendsResolved);
  draft.add(
    'rules',
    path.length === 1 ? `${receiver}-other` : receiver,
    {
      on: source,
      match: { type: 'alert.firing', ...match },
      ...(conditions.length > 0 && { if: conditions.join(' && ') }),
      resolve: { match: { type: 'alert.resolved' } },
      key: '{{ data.fingerprint }}',
      ...(silent.length < notified.length && { notify_resolved: true }),
      ...(repeat !== undefined && { repeat }),
      ...hoursOf(route, path, context),
      notify: notified.map(({ name }) => name),
    },
    `Route to \`${receiver}\`, line ${place.line}.${silent.length > 0 && silent.length < notified.length ? `\nThe end of an alert is also sent to ${silent.map(({ name }) => name).join(', ')}.` : ''}`,
    place,
  );
}

function hoursOf(
  route: Readonly<Record<string, unknown>>,
  path: Path,
  { config, draft, intervals }: RouteContext,
): Settings {
  const found: Record<string, readonly string[]> = {};
  for (const [setting, ours] of [
    ['active_time_intervals', 'during'],
    ['mute_time_intervals', 'not_during'],
  ] as const) {
    const names = Array.isArray(route[setting]) ? route[setting].map(String) : [];
    const known = names.flatMap((name) => intervals.get(name) ?? []);
    if (known.length > 0) found[ours] = known;
    if (known.length < names.length)
      draft.skip(
        config.placeOf([...path, setting]),
        'its time interval was not translated',
        `add \`${ours}\` to the rule by hand`,
      );
  }
  return found;
}
