import { afterAll, beforeAll, test } from 'vitest';
import { type AttackId, rowOf } from '../catalogue.ts';
import { expectIntact, openTarget, type Target, type TargetOptions } from './target.ts';

/**
 * Test of one row of the catalogue. `run` tries the attack and compares the answer; then the daemon must be intact. `skip` says why this
 * machine cannot run it, such as `needsBrowser`; when it is empty, the attack runs.
 */
export type Attack = (id: AttackId, run: (target: Target) => Promise<void>, skip?: string) => void;

/** Starts one daemon for the attacks of a file. */
export function attacksOn(options: TargetOptions = {}): Attack {
  let target: Target | undefined;
  beforeAll(async () => {
    target = await openTarget(options);
  });
  afterAll(() => target?.close());
  return (id, run, skip = '') =>
    test.skipIf(skip !== '')(`${id}: ${rowOf(id).attack}${skip}`, async () => {
      const from = target!.home.lines.length;
      await run(target!);
      await expectIntact(target!, from);
    });
}
