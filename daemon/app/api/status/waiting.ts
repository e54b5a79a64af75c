import { outcomesNow } from '../../../core/flow/outcomes.ts';
import { type WaitingGroup, waitingGroup, waitingGroups, type WakeOf } from '../../../core/flow/waiting.ts';
import type { StatusView, WaitingGroupView } from '../../../http/daemon-api.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { StoredEvent } from '../../../store/store.ts';
import type { DaemonApiDeps } from '../deps.ts';

type WaitingDeps = Pick<DaemonApiDeps, 'clock' | 'live' | 'store'>;

/** Groups of events that wait in the steps of the rules: their number, and the names of the first `max` of each step. */
export function waitingOf(deps: WaitingDeps, max: number): StatusView['waiting'] {
  const steps = waitingGroups(contextOf(deps), wakesOf(deps), max);
  const counts = Object.fromEntries(steps.map(({ step, count }) => [step, count]));
  const list = steps.flatMap(({ step, first }) => first.map((group) => viewOf(step, group)));
  return { ...(counts as Omit<StatusView['waiting'], 'list'>), list };
}

/** Groups in which an event waits, by its latest outcomes. In a `for`, the group may belong to a later event of the same key. */
export function waitingWith({ results, later }: StoredEvent, deps: WaitingDeps): readonly WaitingGroupView[] {
  const all = [...results, ...later];
  const { outcomes } = outcomesNow(all);
  const latest = new Map(
    all.flatMap(({ rule, key, outcome }) => (key === undefined || outcomes[rule] !== outcome ? [] : [[rule, key]])),
  );
  return [...latest].flatMap(([rule, key]) => {
    const found = waitingGroup({ rule, key, outcome: outcomes[rule]! }, contextOf(deps), wakesOf(deps));
    return found === undefined ? [] : [viewOf(found.step, found.group)];
  });
}

function contextOf({ clock, live, store }: WaitingDeps): Parameters<typeof waitingGroups>[0] {
  const now = clock.now();
  return { ruleset: live.ruleset, memory: store.memory(now), now };
}

function wakesOf({ store }: WaitingDeps): WakeOf {
  return (stateKey) => store.timers.timesOf(stateKey)?.wake;
}

function viewOf(step: string, { until, ...group }: WaitingGroup): WaitingGroupView {
  return { step, ...group, ...(until !== undefined && { until: rfc3339(until) }) };
}
