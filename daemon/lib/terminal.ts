import type { Readable, Writable } from 'node:stream';

/** The world as the program sees it; `main.ts` makes it from the process, tests make their own. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly pid: number;
  readonly hostname: string;
  /** Aborts at the first SIGINT or SIGTERM; a second one ends the process. */
  readonly interrupted: AbortSignal;
  /** Calls the listener, of which there is one, at each SIGHUP, and at once for one that came before. Returns the unsubscription. */
  onHangup(listener: () => void): () => void;
  /** Has an error that nothing caught written by `tell` before the process ends with 1. Returns the unsubscription. */
  onCrash(tell: (error: unknown) => string): () => void;
}
