/** Bytes that a channel appends to a file. */
export interface FileWrite {
  readonly device: string;
  readonly inode: string;
  /** First byte, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Hops of what the bytes cause. */
  readonly hops: number;
}

/** Ends a write with the state of the file after it (`size,mtime in nanoseconds,inode`); undefined if nothing was written. */
export type WriteEnd = (state: string | undefined) => void;

/** Writes of channels to files, so that a source which finds the bytes can pass the hops on: a file has no place for them. */
export interface FileWrites {
  /** Called before the bytes are written, because a source may read them at once. */
  begin(write: FileWrite): WriteEnd;
  /** Hops of the last write, if the file is still as that write left it; else 0. `state` as in `WriteEnd`. */
  hopsOfState(state: string): number;
  /** Hops of the write that made the byte of a file (`device:inode`); 0 if no channel made it. */
  hopsOfByte(id: string, offset: number): number;
}

/** For channels whose files no source watches. */
export const NO_WRITES: FileWrites = { begin: () => () => undefined, hopsOfState: () => 0, hopsOfByte: () => 0 };
