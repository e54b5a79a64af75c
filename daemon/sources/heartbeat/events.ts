import type { EventInput } from '../../core/event/event.ts';
import type { EventShape } from '../../core/event/shape.ts';
import type { JsonObject } from '../../core/values/json.ts';
import { type Change, type Down, Known } from './state.ts';

/** The fields of each event, as the functions below fill them. */
export function heartbeatShapes(isKeyed: boolean): readonly EventShape[] {
  const common = { heartbeat: 'text', ...(isKeyed && { key: 'text' as const }) } as const;
  const run = { duration: 'number', output: 'text' } as const;
  const last = { last_beat_at: 'text' } as const;
  return [
    { type: 'heartbeat.missed', data: { ...common, ...last, expected_at: 'text', late_by: 'number', state: ['down'] } },
    {
      type: 'heartbeat.recovered',
      data: {
        ...common,
        ...run,
        beat_at: 'text',
        down_since: 'text',
        down_for: 'number',
        after: ['missed', 'failed'],
        state: ['up'],
      },
    },
    { type: 'heartbeat.failed', data: { ...common, ...run, ...last, exit_code: 'number', state: ['down'] } },
  ];
}

/** Whose heart it is; an empty key: there is only the one of the source. */
export interface Named {
  readonly heartbeat: string;
  readonly key: string;
}

/** What came in. `at` in milliseconds. */
export interface Signal {
  readonly kind: 'beat' | 'start' | 'fail';
  readonly at: number;
  readonly exitCode?: number;
  /** What the job printed. */
  readonly output?: string;
}

/** What is to be stored, and the event to be told with it. */
export interface Turn {
  readonly change: Change;
  readonly event?: EventInput;
}

/** What a signal does. */
export function turnOf(named: Named, known: Known, signal: Signal): Turn {
  return TURNS[signal.kind](named, known, signal);
}

const TURNS: Readonly<Record<Signal['kind'], (named: Named, known: Known, signal: Signal) => Turn>> = {
  beat(named, known, signal) {
    const beaten = { beat: signal.at };
    if (known.pulse.down === null) return { change: beaten };
    const { change, event } = recovered(named, known, signal);
    return { change: { ...change, ...beaten }, event };
  },
  start(_named, { pulse }, { at }) {
    const { beat, counted } = pulse;
    const isNew = beat === null && counted === null;
    const run = { at, beat };
    return { change: { run, ...(isNew && { counted: { at, beat } }), ...seen(pulse.down, at) } };
  },
  fail(named, known, signal) {
    const { down } = known.pulse;
    // One event for each time that it is down.
    return down === null ? failed(named, known, signal) : { change: { run: null, ...seen(down, signal.at) } };
  },
};

function seen(down: Down | null, at: number): Change {
  return down === null ? {} : { down: { ...down, seen: at } };
}

/** No beat until the deadline. */
export function missed(named: Named, { pulse, expected }: Known, now: number): Required<Turn> {
  const { due } = expected!;
  const expected_at = new Date(due).toISOString();
  const data = {
    expected_at,
    last_beat_at: pulse.beat === null ? null : new Date(pulse.beat).toISOString(),
    late_by: Math.max(0, now - due),
    state: 'down',
  };
  return {
    event: eventOf(named, 'missed', expected_at, data),
    change: { down: { cause: 'missed', at: now, beat: pulse.beat, seen: now } },
  };
}

/** The first beat, at `at`, after it was down. */
export function recovered(named: Named, known: Known, { at, output }: Pick<Signal, 'at' | 'output'>): Required<Turn> {
  const { at: since, cause } = known.pulse.down!;
  const beat_at = new Date(at).toISOString();
  const data = {
    beat_at,
    down_since: new Date(since).toISOString(),
    down_for: Math.max(0, at - since),
    after: cause,
    ...duration(known, at),
    ...(output !== undefined && { output }),
    state: 'up',
  };
  return { event: eventOf(named, 'recovered', beat_at, data), change: { down: null } };
}

function failed(named: Named, known: Known, { at, exitCode, output }: Signal): Turn {
  const { beat } = known.pulse;
  const data = {
    last_beat_at: beat === null ? null : new Date(beat).toISOString(),
    ...(exitCode !== undefined && { exit_code: exitCode }),
    ...duration(known, at),
    ...(output !== undefined && { output }),
    state: 'down',
  };
  return {
    event: eventOf(named, 'failed', new Date(at).toISOString(), data),
    change: { run: null, down: { cause: 'failed', at, beat, seen: at } },
  };
}

/** How long the run took that is over now. */
function duration({ running }: Known, at: number): { readonly duration?: number } {
  return running === undefined ? {} : { duration: Math.max(0, at - running) };
}

/** The id says which moment it is about, so that the same one is told once. */
function eventOf({ heartbeat, key }: Named, what: string, moment: string, data: JsonObject): EventInput {
  const keyed = key !== '';
  return {
    id: [heartbeat, ...(keyed ? [key] : []), what, moment].join(':'),
    type: `heartbeat.${what}`,
    subject: keyed ? key : heartbeat,
    data: { heartbeat, ...(keyed && { key }), ...data },
  };
}
