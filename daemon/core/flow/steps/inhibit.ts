import { makesAlerts, type Alert } from './alert.ts';
import { defineStep } from '../step.ts';
import type { Inhibition } from '../../ruleset.ts';
import type { Event } from '../../event/event.ts';

/** Quiet while another rule fires with equal values. What an event does not have equals nothing. */
export const inhibit = defineStep<readonly Inhibition[]>({
  name: 'inhibited_by',
  settings: (rule) => (rule.inhibitedBy.length === 0 ? undefined : rule.inhibitedBy),
  run(inhibitions, { event }, { memory, ruleset, rule, key }) {
    for (const inhibition of inhibitions) {
      const source = ruleset.byName.get(inhibition.rule);
      if (source === undefined || !source.enabled || !makesAlerts(source)) continue;
      const values = valuesOf(inhibition, event);
      if (values === undefined) continue;
      for (const [other, state] of memory.each(inhibition.rule, 'alert')) {
        if (inhibition.rule === rule.name && other === key) continue;
        const { event: cause, since } = state as Alert;
        if (valuesOf(inhibition, cause) !== values) continue;
        const reason = `${inhibition.rule} fires for ${other} since ${new Date(since).toISOString()} (event ${cause.id})`;
        return { kind: 'stop', outcome: 'inhibited', reason };
      }
    }
    return { kind: 'pass' };
  },
});

/** Of events that many others are compared with. */
const known = new WeakMap<Inhibition, WeakMap<Event, string>>();

/** As text that is the same for equal values; undefined when one of them is missing. */
function valuesOf(inhibition: Inhibition, event: Event): string | undefined {
  let texts = known.get(inhibition);
  if (texts === undefined) known.set(inhibition, (texts = new WeakMap<Event, string>()));
  const before = texts.get(event);
  if (before !== undefined) return before === '' ? undefined : before;
  const values = inhibition.equal.map((path) => path(event));
  const isMissing = values.some((found) => found.every((value) => value === null));
  const text = isMissing ? '' : JSON.stringify(values);
  texts.set(event, text);
  return isMissing ? undefined : text;
}
