import { type Change, type Pulse, UNKNOWN } from './state.ts';
import type { Checkpoint } from '../source.ts';

const FIELDS = ['beat', 'counted', 'run', 'down'] as const;

/** One checkpoint for each field: `beat:db1`. */
export function checkpointsOf(key: string, change: Change): readonly Checkpoint[] {
  return FIELDS.flatMap((field) => {
    const value = change[field];
    return value === undefined
      ? []
      : [{ key: `${field}:${key}`, value: value === null ? null : JSON.stringify(value) }];
  });
}

/** By key, as `checkpointsOf` wrote them. What does not read is as if it were not there. */
export function pulsesOf(checkpoints: ReadonlyMap<string, string>): Map<string, Pulse> {
  const pulses = new Map<string, Pulse>();
  for (const [name, text] of checkpoints) {
    const colon = name.indexOf(':');
    const field = FIELDS.find((candidate) => candidate === name.slice(0, colon));
    const value = field === undefined ? undefined : read(text);
    if (field === undefined || value === undefined) continue;
    const key = name.slice(colon + 1);
    pulses.set(key, { ...(pulses.get(key) ?? UNKNOWN), [field]: value });
  }
  return pulses;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
