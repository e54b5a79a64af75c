import { compileSilenceText } from '../../compile/sections/silence.ts';
import type { Memory } from '../decision.ts';
import { activeUntil, type Silence, silences } from '../../alerts/silence.ts';
import { defineStep, type Verdict } from '../step.ts';

/** Where silences that people make lie among the states: no rule has this name, the key is the silence's id. */
export const SILENCES = { rule: '', step: 'silence' } as const;

/** Quiet while a silence matches. One that cannot be evaluated silences nothing, and says so. */
export const silence = defineStep<true>({
  name: 'silences',
  settings: () => true,
  run(_, { event }, { rule, key, ruleset, memory, now }) {
    const all = [...ruleset.silences, ...made(memory)];
    const errors: string[] = [];
    for (const one of all) {
      const until = activeUntil(one, now);
      if (until === undefined) continue;
      const { silenced, error } = silences(one, event, rule.name, key, now);
      if (error !== undefined) errors.push(`silence ${one.name ?? one.id}: ${error}`);
      if (!silenced) continue;
      const reason = `silence ${one.name ?? one.id}${one.reason === '' ? '' : `: ${one.reason}`}`;
      return { kind: 'stop', outcome: 'silenced', reason, until, errors };
    }
    return errors.length === 0 ? PASS : { kind: 'pass', errors };
  },
});

const PASS: Verdict = { kind: 'pass' };

const compiled = new WeakMap<object, Silence | undefined>();

/** Those that people made, as they are stored. */
export function made(memory: Memory): readonly Silence[] {
  const found: Silence[] = [];
  for (const [, value] of memory.each(SILENCES.rule, SILENCES.step)) {
    const given = value as object;
    if (!compiled.has(given)) {
      const result = compileSilenceText(given);
      compiled.set(given, result.ok ? result.silence : undefined);
    }
    const one = compiled.get(given);
    if (one !== undefined) found.push(one);
  }
  return found;
}
