import type { Token } from '../../core/ruleset.ts';
import type { DaemonApi } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { OpenState } from '../state/open-state.ts';
import { firstToken } from '../state/secrets-at-rest.ts';
import { openAuditApi } from './audit/audit-api.ts';
import { openIdentity } from './identity.ts';
import { LastUses } from './last-uses.ts';
import { consoleLogins } from './logins.ts';
import { Sessions } from './sessions.ts';

/** Parts of the daemon API that know people and programs: their tokens, their sessions and what they did. */
export interface OpenedIdentity extends Pick<DaemonApi, 'identity' | 'auditLog' | 'console'> {
  readonly tokens: () => readonly Token[];
}

/** Opens the tokens, the sessions of the console and the audit log of a daemon. */
export async function openIdentityParts(state: OpenState, clock: Clock): Promise<OpenedIdentity> {
  const { closers, live, paths, store } = state;
  const first = await firstToken(paths);
  // While the rules have no tokens, there is the one that the first start made.
  const hasOwn = (): boolean => live.ruleset.daemon.tokens.length > 0;
  const tokens = (): readonly Token[] => (hasOwn() ? live.ruleset.daemon.tokens : [first]);
  const known = await Sessions.open(store.checkpoints, clock);
  const uses = new LastUses(store.checkpoints, clock);
  closers.own('last uses', () => uses.flush());
  return {
    tokens,
    identity: openIdentity({ tokens, hasOwn, sessions: known, uses, clock }),
    auditLog: openAuditApi({ ...state, clock }),
    console: consoleLogins({ ...state, known, tokens, clock, isOn: () => live.ruleset.daemon.console }),
  };
}
