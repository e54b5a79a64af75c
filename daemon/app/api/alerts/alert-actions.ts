import { alerts } from '../../../core/alerts/alerts.ts';
import {
  type AlertChange,
  type AlertsChanged,
  type AlertVerb,
  changeAlerts,
  doneBy,
} from '../../../core/alerts/changes.ts';
import { mendByName } from '../../../core/problems/suggest.ts';
import type { AlertActions } from '../../../http/daemon-api.ts';
import type { Scrubber } from '../../../lib/secrets/scrubber.ts';
import type { AlertActionsDeps } from './deps.ts';
import { shownText } from './shown-text.ts';
import { openSilences } from './silences.ts';

/** Keys that are compared to suggest one, and the length at which a key is cut. */
const MAX_KEYS = 1000;
const MAX_KEY_CHARS = 200;

/** Actions of users on alerts: list, acknowledge, resolve, silence. Every change is durable before it is answered. */
export function openAlertActions(deps: AlertActionsDeps): AlertActions {
  const { store, live, clock } = deps;
  return {
    alerts(rule) {
      const all = alerts(live(), store.memory(clock.now()));
      return rule === undefined ? all : all.filter((alert) => alert.rule === rule);
    },
    change: (verb, given) => changeByPerson(deps, verb, given),
    ...openSilences(deps),
  };
}

async function changeByPerson(
  { store, live, clock, newId, log, scrubber, onLater }: AlertActionsDeps,
  verb: AlertVerb,
  given: AlertChange,
): ReturnType<AlertActions['change']> {
  const now = clock.now();
  const ruleset = live();
  const decision = await store.applyDecision<AlertsChanged>(now, (memory) =>
    changeAlerts(verb, given, { ruleset, memory, now, newId }),
  );
  onLater(decision);
  const { changed } = decision;
  const { by, note } = given;
  for (const { rule, key } of changed) log.info({ rule, key, by, note }, `alert: ${doneBy(verb)}`);
  if (changed.length > 0) return { changed };
  const firing = alerts(ruleset, store.memory(now));
  const changeable = verb === 'unack' ? firing.filter(({ state }) => state === 'acknowledged') : firing;
  const mend = suggestion(given, changeable, scrubber);
  return { changed, ...(mend !== '' && { mend }) };
}

/** Suggests alerts with a similar key or rule among those that can be changed; empty if there are none. */
function suggestion({ key, rule }: AlertChange, firing: ReturnType<typeof alerts>, scrubber: Scrubber): string {
  const shown = (text: string): string => shownText(scrubber.scrub(text), MAX_KEY_CHARS);
  const rules = firing.filter((alert) => alert.key === key).map((alert) => alert.rule);
  if (rule !== undefined && rules.length > 0) return mendByName(rule, rules, '', 'rules whose alert it is');
  const mine = rule === undefined ? firing : firing.filter((alert) => alert.rule === rule);
  const keys = new Set(mine.slice(0, MAX_KEYS).map((alert) => shown(alert.key)));
  return mendByName(shown(key), keys, '', 'keys with such an alert');
}
