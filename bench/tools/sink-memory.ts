/** `delay` answers after a while, `down503` answers 503, `closed` refuses connections. */
export const MODES = ['ok', 'delay', 'down503', 'closed'] as const;
export type SinkMode = (typeof MODES)[number];

export const CELL = { unique: 0, requests: 1, mode: 2, delay: 3, port: 4, lastProbe: 5 } as const;
export const CELLS = Object.keys(CELL).length;

/** Memory that the sink's thread shares with the bench, so that receipts need no messages. The index is the number of the event. */
export interface SinkMemory {
  readonly control: Int32Array;
  /** Time of the first receipt. */
  readonly received: Float64Array;
  /** Number of receipts. */
  readonly counts: Uint8Array;
}
