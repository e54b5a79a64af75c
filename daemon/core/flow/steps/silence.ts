import { activeUntil, evaluateSilence } from '../../alerts/silence.ts';
import type { Ruleset, Silence } from '../../ruleset.ts';
import type { Memory } from '../memory.ts';
import { defineStep, type StepResult } from '../step.ts';

/** Rule and step under which silences of the API are stored as states: no rule has this name, and the key is the id of the silence. */
export const SILENCES = { rule: '', step: 'silence' } as const;

/** Drops events while a silence matches. A silence whose condition fails silences nothing, and the error is reported. */
export const silence = defineStep({
  name: 'silences',
  fields: {},
  outcomes: { silenced: 'dropped' },
  mutesAlerts: 'silenced',
  compile: () => true as const,
  run(_, { event }, { rule, key, ruleset, memory, now }) {
    const errors: string[] = [];
    for (const one of [...ruleset.silences, ...storedSilences(memory, ruleset)]) {
      const until = activeUntil(one, now);
      if (until === undefined) continue;
      const { silenced, error } = evaluateSilence(one, event, rule.name, key, now);
      if (error !== undefined) errors.push(`silence ${one.name ?? one.id}: ${error}`);
      if (!silenced) continue;
      const reason = `silence ${one.name ?? one.id}${one.reason === '' ? '' : `: ${one.reason}`}`;
      return { kind: 'stop', outcome: 'silenced', reason, until, silence: one.id, errors };
    }
    return errors.length === 0 ? PASS : { kind: 'pass', errors };
  },
});

const PASS: StepResult<never> = { kind: 'pass' };

/** Silences that were made by the API, from the store. */
export function storedSilences(memory: Memory, { storedSilence }: Pick<Ruleset, 'storedSilence'>): readonly Silence[] {
  const found: Silence[] = [];
  for (const [, given] of memory.each(SILENCES.rule, SILENCES.step)) {
    const one = storedSilence(given as object);
    if (one !== undefined) found.push(one);
  }
  return found;
}
