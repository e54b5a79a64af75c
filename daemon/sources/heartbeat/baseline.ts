import { checkpointsOf, pulsesOf } from './checkpoints.ts';
import type { Rhythm } from './schedule.ts';
import { type Absence, changed, Known, type Pulse, UNKNOWN } from './state.ts';
import type { Checkpoint } from '../source.ts';

const BRIEF = 1000;

/** What the settings say that stored heartbeats depend on; compared as text. */
export interface OutsetWords {
  /** When beats are expected. */
  readonly when: string;
  /** The template of the key; undefined: there is only one heartbeat. */
  readonly by: string | undefined;
}

/** What is known at the start, and what is to be stored before anything else. */
export interface Outset {
  readonly known: Map<string, Known>;
  readonly checkpoints: readonly Checkpoint[];
}

/**
 * Goes on from what was stored. While the daemon was down nobody listened; what only new words make overdue was not missed;
 * other keys are other heartbeats. The only heartbeat there is waits for its first beat from the first start on.
 */
export function outsetOf(
  words: OutsetWords,
  rhythm: Rhythm,
  checkpoints: ReadonlyMap<string, string>,
  now: number,
): Outset {
  const said = { when: words.when, by: words.by ?? '' };
  const pulses = pulsesOf(checkpoints);
  const isOther = (key: string): boolean =>
    (checkpoints.get('by') ?? said.by) !== said.by || (key === '') !== (words.by === undefined);
  const gone = [...pulses.keys()].filter(isOther);
  for (const key of gone) pulses.delete(key);
  if (words.by === undefined && !pulses.has('')) pulses.set('', UNKNOWN);
  const absence = absenceUntil(now, checkpoints.get('alive'));
  const isReworded = (checkpoints.get('when') ?? said.when) !== said.when;
  const known = new Map<string, Known>();
  const changes: Checkpoint[] = gone.flatMap((key) => checkpointsOf(key, UNKNOWN));
  for (const [key, pulse] of pulses) {
    const before = new Known(pulse, rhythm);
    const change =
      isBlank(pulse) || (isReworded && before.isMissed(now))
        ? before.recounted(now)
        : absence && before.afterAbsence(absence);
    known.set(key, change === undefined ? before : new Known(changed(pulse, change), rhythm));
    if (change !== undefined) changes.push(...checkpointsOf(key, change));
  }
  return { known, checkpoints: [...changes, ...settingCheckpoints(checkpoints, said)] };
}

/** A second is no absence: one source that takes the place of another lets requests wait. */
function absenceUntil(now: number, alive: string | undefined): Absence | undefined {
  const from = Number(alive ?? now);
  return !Number.isFinite(from) || (from <= now && now - from < BRIEF) ? undefined : { from, to: now };
}

function isBlank({ beat, counted, down }: Pulse): boolean {
  return beat === null && counted === null && down === null;
}

function settingCheckpoints(
  checkpoints: ReadonlyMap<string, string>,
  said: Readonly<Record<'when' | 'by', string>>,
): readonly Checkpoint[] {
  return Object.entries(said).flatMap(([key, value]) => (checkpoints.get(key) === value ? [] : [{ key, value }]));
}
