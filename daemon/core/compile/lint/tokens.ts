import type { Problem } from '../../problems/failure.ts';
import { expiryState } from '../../time/expiry.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { Fragment } from '../compile.ts';
import { CompileContext } from '../context.ts';

/** Warns of tokens that have expired, or expire within 14 days after `now` (milliseconds since the epoch). */
export function lintTokens(fragments: readonly Fragment[], now: number): readonly Problem[] {
  return fragments.flatMap(({ daemon, document }) => {
    if (daemon === undefined || document === undefined) return [];
    const context = new CompileContext(document);
    for (const [index, token] of daemon.tokens.entries()) {
      const state = expiryState(token, now);
      if (state === 'valid') continue;
      context.found({
        pointer: joinPointer('/daemon/tokens', index, 'expires'),
        at: 'value',
        code: 'daemon.token_expires',
        message: `the token \`${token.name}\` ${state === 'expired' ? 'has expired: requests with it are refused' : 'expires within 14 days'}`,
        mend: 'make another one by `belfry token new`, and give it to its owner; or remove this one',
      });
    }
    return context.problems;
  });
}
