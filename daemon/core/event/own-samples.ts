import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Json } from '../values/json.ts';
import { type Event, OWN_SOURCE } from './event.ts';
import { OWN_EVENTS } from './own-events.ts';

/** Own events of a type with the data of the documentation, about this channel, source or rule; one for each value of a field that has few values. */
export function samplesOf(type: string, subject: string, now: number): readonly Event[] {
  const own = OWN_EVENTS.find((event) => event.type === type);
  let samples: readonly Readonly<Record<string, Json>>[] = [{}];
  for (const [name, { kind, example }] of Object.entries(own?.data ?? {})) {
    const known = name === own?.subject ? subject : example;
    const values = (Array.isArray(kind) ? kind : [known]) as readonly Json[];
    samples = samples.flatMap((sample) => values.map((value) => ({ ...sample, [name]: value })));
  }
  return samples.map((data) => ({ id: 'sample', source: OWN_SOURCE, type, subject, time: rfc3339(now), data }));
}
