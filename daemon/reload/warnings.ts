import type { Problem } from '../core/problems/failure.ts';
import { type LintMemo, lintSteps } from '../core/compile/lint/lint.ts';
import type { Registry } from '../core/compile/registry.ts';
import type { LoadedFile } from './load.ts';
import { inTurns } from './yaml/time-slice.ts';

/** Warnings about valid settings that never work, in the order of their places. `around`: files whose sources their rules may name. */
export async function warningsOf(
  files: readonly LoadedFile[],
  registry: Registry,
  around: readonly LoadedFile[] = [],
  memo?: LintMemo,
): Promise<readonly Problem[]> {
  const fragments = files.map(({ fragment }) => fragment);
  const others = around.map(({ fragment }) => fragment);
  const found = await inTurns(lintSteps(fragments, registry, others, memo));
  return [...files.flatMap(({ losses }) => losses), ...found];
}
