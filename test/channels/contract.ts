import { afterAll, describe, test } from 'vitest';
import { contractCases } from '../../daemon/channels/plugins/testing/cases.ts';
import type { ChannelContract } from '../../daemon/channels/plugins/testing/contract.ts';

export { HOSTILE } from '../../daemon/channels/plugins/testing/attacks.ts';
export * from '../../daemon/channels/plugins/testing/contract.ts';

/** The suite that every channel runs; the particular features of a channel have tests of their own. */
export function describeChannelContract<A>(contract: ChannelContract<A>): void {
  const { type, variant } = contract;
  describe(`${type.type}: contract of every channel${variant === undefined ? '' : ` (${variant})`}`, () => {
    for (const { name, skip, run } of contractCases(contract)) {
      if (skip === undefined) test(name, run);
      else test.skip(`${name} (does not apply: ${skip})`, run);
    }
    afterAll(async () => await contract.release?.());
  });
}
