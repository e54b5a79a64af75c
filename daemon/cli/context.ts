import type { Registry } from '../core/compile/registry.ts';
import type { Doors } from './connection/access.ts';
import type { CommonOptions, Terminal } from './render/terminal.ts';

/** What verbs are declared with. */
export interface Kit {
  readonly terminal: Terminal;
  readonly version: string;
  readonly registry: Registry;
  readonly doors: Doors;
  readonly config: (options: CommonOptions) => string;
  /** Runs one, closing what it opened. After SIGINT or SIGTERM it has `grace` milliseconds to end by itself; none if not set. */
  readonly run: (work: () => Promise<number>, grace?: number) => Promise<void>;
}
