import { memoizeByObject } from '../../../lib/memoize.ts';
import type { Event } from '../../event/event.ts';
import { compilePath, type Path } from '../../match/path.ts';
import { oneOrMany, strict } from '../../schema/fields.ts';
import { Type } from '../../schema/type.ts';
import { isObject } from '../../values/json.ts';
import { defineStep } from '../step.ts';
import type { Alert } from './alert.ts';

/** One entry of `inhibited_by`. */
interface Inhibition {
  readonly rule: string;
  /** Values of the compared fields, as text that is the same for equal values; undefined when a field is missing. */
  readonly valuesOf: (event: Event) => string | undefined;
}

const inhibition = strict(
  {
    rule: Type.String({
      description: 'The name of a rule with `resolve`, `repeat` or `escalate`.',
      examples: ['host-down'],
      minLength: 1,
    }),
    equal: Type.Optional(
      oneOrMany(Type.String({ minLength: 1, description: 'A dotted path.', examples: ['data.host'] }), {
        description: 'Paths whose values must be the same in both events. A missing field equals nothing.',
        examples: [['data.host']],
      }),
    ),
  },
  { description: 'Suppressed while that rule fires with equal values.' },
);

/** Drops events while another rule fires with equal values. A missing value equals nothing. */
export const inhibit = defineStep({
  name: 'inhibited_by',
  fields: {
    inhibited_by: Type.Optional(
      oneOrMany(inhibition, {
        description: 'Rules that suppress this one while they fire.',
        examples: [{ rule: 'host-down', equal: ['data.host'] }],
      }),
    ),
  },
  outcomes: { inhibited: 'dropped' },
  mutesAlerts: 'inhibited',
  compile({ inhibited_by: given = [] }): readonly Inhibition[] | undefined {
    const inhibitions = given.map(({ rule, equal = [] }) => ({ rule, valuesOf: comparison(equal.map(compilePath)) }));
    return inhibitions.length === 0 ? undefined : inhibitions;
  },
  mentions(given, rule) {
    rule.each(['inhibited_by'], given.inhibited_by, (item, path) => {
      if (isObject(item)) rule.mention('inhibited_by', item.rule, [...path, 'rule']);
    });
  },
  run(inhibitions, { event }, { memory, ruleset, rule, key }) {
    for (const { rule: name, valuesOf } of inhibitions) {
      const source = ruleset.byName.get(name);
      if (source === undefined || !source.enabled || source.alert === undefined) continue;
      const values = valuesOf(event);
      if (values === undefined) continue;
      for (const [other, state] of memory.each(name, 'alert')) {
        if (name === rule.name && other === key) continue;
        const { event: cause, since } = state as Alert;
        if (valuesOf(cause) !== values) continue;
        const reason = `${name} fires for ${other} since ${new Date(since).toISOString()} (event ${cause.id})`;
        return { kind: 'stop', outcome: 'inhibited', reason };
      }
    }
    return { kind: 'pass' };
  },
});

/** Memoized, since the event of an alert is compared with many others. */
function comparison(paths: readonly Path[]): Inhibition['valuesOf'] {
  return memoizeByObject((event) => {
    const values = paths.map((path) => path(event));
    const isMissing = values.some((found) => found.every((value) => value === null));
    return isMissing ? undefined : JSON.stringify(values);
  });
}
