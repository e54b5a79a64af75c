import type { Json } from '../values/json.ts';

/**
 * Something that happened: a CloudEvents 1.0 record in plain JSON, extensions beside the attributes.
 * `time` is RFC 3339. `source` + `id` identify it: the same pair again is the same event.
 */
export interface Event {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly data: Json;
  readonly [extension: string]: Json | undefined;
}

/** What a source hands over; intake fills in what is missing (`id`: UUIDv7, `source`, `time`: now, `data`: null). */
export interface EventInput {
  readonly id?: string;
  readonly source?: string;
  readonly type: string;
  readonly subject?: string;
  readonly time?: string;
  readonly data?: Json;
  readonly [extension: string]: Json | undefined;
}

/** Events posted by local services and the CLI, unless they say otherwise. */
export const API_SOURCE = 'api';
/** The daemon's own events. */
export const OWN_SOURCE = 'belfry';
