import type { Event, EventInput } from '../../../core/event/event.ts';
import type { Explanation } from '../../../core/explain/explain.ts';
import type { RuleComparison, UnsavedCheck } from '../../../core/explain/unsaved.ts';
import type { ChannelTypeInfo } from '../../../core/compile/registry.ts';
import type { LeveledProblem } from '../../../core/problems/failure.ts';
import type { RulesText } from '../../../reload/load.ts';
import type { ComparedMessage } from '../../../simulation/comparison.ts';
import type { PastSilence } from '../../../simulation/replay.ts';

/** Data of a channel type of a plugin, whose code is not loaded for unsaved rules. */
export type PluginTypeData = Pick<ChannelTypeInfo, 'type' | 'summary' | 'documentation' | 'limits' | 'idempotent'> & {
  readonly settings: object;
};

/** Texts from which rules are compiled. */
export interface RulesInput {
  /** Folder of the rules, at which relative paths start. */
  readonly folder: string;
  /** Files of the daemon. */
  readonly files: readonly RulesText[];
  /** Undefined: the rules are those of the files. */
  readonly unsaved?: { readonly text: string; readonly base: boolean };
  readonly pluginTypes: readonly PluginTypeData[];
}

/** Request to the thread of unsaved rules; requests are carried out one after another. */
export type Request =
  | { readonly kind: 'check'; readonly rules: RulesInput }
  | {
      readonly kind: 'explain';
      readonly rules: RulesInput;
      readonly event: EventInput;
      readonly rule: string | undefined;
      /** Time at which the event is assumed to come in, and the time of new ids, milliseconds since the epoch. */
      readonly at: number;
      readonly now: number;
    }
  | ({ readonly kind: 'begin'; readonly rules: RulesInput } & ReplayRange)
  | { readonly kind: 'page'; readonly page: HistoryPage }
  | { readonly kind: 'end' };

/** Times of a replay, milliseconds since the epoch. */
export interface ReplayRange {
  readonly from: number;
  readonly since: number;
  readonly until: number;
  readonly rule: string | undefined;
  readonly silences: readonly PastSilence[];
}

/** A part of the history, in the order of time. */
export interface HistoryPage {
  readonly events: readonly { readonly event: Event; readonly at: number }[];
  /** Messages that were sent. */
  readonly sent: readonly ComparedMessage[];
}

/** Result of a request. `refused`: the rules do not load. `too_large`: the explanation is too large to be sent. */
export type Reply =
  | { readonly kind: 'refused'; readonly problems: readonly LeveledProblem[] }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'checked'; readonly check: UnsavedCheck }
  | { readonly kind: 'explained'; readonly explanation: Explanation; readonly warnings: readonly LeveledProblem[] }
  | { readonly kind: 'no_rule' }
  | { readonly kind: 'done' }
  | { readonly kind: 'compared'; readonly rules: readonly RuleComparison[] };
