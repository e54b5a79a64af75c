import type { Command } from 'commander';
import type { Clock } from '../lib/time/clock.ts';
import type { DaemonAccess } from './connection/access.ts';
import type { CommonOptions, Terminal } from './render/terminal.ts';

/** Dependencies of the verbs. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly version: string;
  readonly clock: Clock;
  readonly access: DaemonAccess;
  /** Path of the rules directory or file. */
  readonly config: (options: CommonOptions) => string;
  /** Command tree with every verb, not only the one that runs. */
  readonly wholeTree: () => Promise<Command>;
  /** Runs an action and then closes what it opened. After SIGINT or SIGTERM the action has `graceMs` to end by itself; default 0. */
  readonly run: (action: () => Promise<number>, graceMs?: number) => Promise<void>;
}

/** Declares a command with its arguments, options and action. */
export type Verb = (program: Command, context: CommandContext) => void;

/** Grace for actions that end soon after the signal. */
export const SHORT_GRACE_MS = 1_000;
/** Grace for actions that send: an attempt in flight gets 20 s, and the daemon is closed within 25 s. */
export const LONG_GRACE_MS = 30_000;
