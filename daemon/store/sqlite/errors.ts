import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import type { EngineFault, Refusal } from './engine/protocol.ts';

const ERRORS: Readonly<Record<EngineFault, { readonly text: string; readonly exit: number }>> = {
  locked: {
    text: 'another process has this state directory; stop it, or set `daemon.state` to another one: ',
    exit: EXIT.locked,
  },
  newer: { text: 'the state was written by a newer version; nothing was changed: ', exit: EXIT.config },
  failed: { text: 'the disk failed, nothing more is promised: ', exit: EXIT.disk },
  malformed: { text: '', exit: EXIT.config },
  copying: { text: '', exit: EXIT.failed },
  full: { text: 'the disk is full; nothing was changed: ', exit: EXIT.failed },
  broken: { text: 'a bug in the store: ', exit: EXIT.failed },
};

/** Error for a request that the engine refused. */
export function storeError({ fault, message }: Refusal): BelfryError {
  const { text, exit } = ERRORS[fault];
  return new BelfryError(`store.${fault}`, `${text}${message}`, { exit });
}

/** Whether nothing can be stored any more after this fault. */
export function isFinal(fault: EngineFault): boolean {
  return fault === 'failed' || fault === 'malformed';
}
