import type { Checkpoint } from '../source.ts';
import type { BeatSchedule } from './schedule.ts';
import { type BeatRecord, EMPTY_RECORD, type Gap, Heartbeat, patched, type RecordPatch } from './state.ts';

const FIELDS = ['beat', 'counted', 'run', 'down'] as const;
/** Gaps shorter than this are not counted: at a reload requests wait until the new source is live. */
const MIN_GAP_MS = 1000;

/** One checkpoint for each field of a patch, such as `beat:db1`. */
export function checkpointsOf(key: string, patch: RecordPatch): readonly Checkpoint[] {
  return FIELDS.flatMap((field) => {
    const value = patch[field];
    return value === undefined
      ? []
      : [{ key: `${field}:${key}`, value: value === null ? null : JSON.stringify(value) }];
  });
}

/** The time until which the source has received beats, saved so that a restart finds the gap. */
export function aliveCheckpoint(now: number): Checkpoint {
  return { key: 'alive', value: JSON.stringify(now) };
}

/** Stored records by key. Invalid values are ignored. */
function recordsOf(checkpoints: ReadonlyMap<string, string>): Map<string, BeatRecord> {
  const records = new Map<string, BeatRecord>();
  for (const [name, text] of checkpoints) {
    const colon = name.indexOf(':');
    const field = FIELDS.find((candidate) => candidate === name.slice(0, colon));
    const value = field === undefined ? undefined : parse(text);
    if (field === undefined || value === undefined) continue;
    const key = name.slice(colon + 1);
    records.set(key, { ...(records.get(key) ?? EMPTY_RECORD), [field]: value });
  }
  return records;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Settings that the stored records depend on; compared as text. */
export interface BaselineSettings {
  /** The schedule. */
  readonly when: string;
  /** The template of the key; undefined: there is only one heartbeat. */
  readonly by: string | undefined;
}

/** The heartbeats at the start, and the checkpoints to save before anything else. */
export interface Baseline {
  readonly heartbeats: Map<string, Heartbeat>;
  readonly checkpoints: readonly Checkpoint[];
}

/**
 * Restores the stored heartbeats. Beats may have been lost while the daemon was down; a beat that is overdue only by a changed
 * schedule is not missed; a changed template of the key drops all heartbeats. A source without keys has one heartbeat from its
 * first start.
 */
export function baselineOf(
  settings: BaselineSettings,
  schedule: BeatSchedule,
  checkpoints: ReadonlyMap<string, string>,
  now: number,
): Baseline {
  const saved = { when: settings.when, by: settings.by ?? '' };
  const records = recordsOf(checkpoints);
  const isObsolete = (key: string): boolean =>
    (checkpoints.get('by') ?? saved.by) !== saved.by || (key === '') !== (settings.by === undefined);
  const obsolete = [...records.keys()].filter(isObsolete);
  for (const key of obsolete) records.delete(key);
  if (settings.by === undefined && !records.has('')) records.set('', EMPTY_RECORD);
  const gap = gapUntil(now, checkpoints.get('alive'));
  const isRescheduled = (checkpoints.get('when') ?? saved.when) !== saved.when;
  const heartbeats = new Map<string, Heartbeat>();
  const changes: Checkpoint[] = obsolete.flatMap((key) => checkpointsOf(key, EMPTY_RECORD));
  for (const [key, record] of records) {
    const before = new Heartbeat(record, schedule);
    const patch =
      isEmpty(record) || (isRescheduled && before.isMissed(now)) ? before.newPeriod(now) : gap && before.afterGap(gap);
    heartbeats.set(key, patch === undefined ? before : new Heartbeat(patched(record, patch), schedule));
    if (patch !== undefined) changes.push(...checkpointsOf(key, patch));
  }
  return { heartbeats, checkpoints: [...changes, ...changedSettings(checkpoints, saved)] };
}

function gapUntil(now: number, alive: string | undefined): Gap | undefined {
  const from = Number(alive ?? now);
  return !Number.isFinite(from) || (from <= now && now - from < MIN_GAP_MS) ? undefined : { from, to: now };
}

function isEmpty({ beat, counted, down }: BeatRecord): boolean {
  return beat === null && counted === null && down === null;
}

function changedSettings(
  checkpoints: ReadonlyMap<string, string>,
  saved: Readonly<Record<'when' | 'by', string>>,
): readonly Checkpoint[] {
  return Object.entries(saved).flatMap(([key, value]) => (checkpoints.get(key) === value ? [] : [{ key, value }]));
}
