/** `delay` answers after a while, `down503` refuses what comes, `closed` refuses the connection. */
export const MODES = ['ok', 'delay', 'down503', 'closed'] as const;
export type SinkMode = (typeof MODES)[number];

export const CELL = { unique: 0, requests: 1, mode: 2, delay: 3, port: 4, lastProbe: 5 } as const;
export const CELLS = Object.keys(CELL).length;

/** What the sink's thread and the bench share, so that no message is needed for each receipt. Event numbers are the index. */
export interface SinkMemory {
  readonly control: Int32Array;
  /** When each was received first. */
  readonly received: Float64Array;
  /** How often. */
  readonly counts: Uint8Array;
}
