import type { Problem } from '../core/problems/failure.ts';
import { type LintMemo, lintSteps } from '../core/compile/lint/lint.ts';
import { lintTokens } from '../core/compile/lint/tokens.ts';
import type { Registry } from '../core/compile/registry.ts';
import type { LoadedFile } from './load.ts';
import { inTimeSlices } from './yaml/time-slice.ts';

/** Warnings about valid settings that never have an effect, in the order of their positions. `neighbours`: other files with sources that the rules may name; `now`: time at which tokens must not expire soon; `state`: the state directory, which sources must not watch. */
export async function warningsOf(
  files: readonly LoadedFile[],
  registry: Registry,
  neighbours: readonly LoadedFile[] = [],
  memo?: LintMemo,
  now?: number,
  state?: string,
): Promise<readonly Problem[]> {
  const fragments = files.map(({ fragment }) => fragment);
  const others = neighbours.map(({ fragment }) => fragment);
  const found = await inTimeSlices(lintSteps(fragments, registry, others, memo, state));
  const expiring = now === undefined ? [] : lintTokens(fragments, now);
  return [...files.flatMap(({ losses }) => losses), ...expiring, ...found];
}
