import { BelfryError, EXIT } from '../../../core/problems/failure.ts';

/** Error for a command that would open the state itself, because no daemon answers. */
export function needsInstance(): BelfryError {
  return new BelfryError(
    'store.shared',
    'no instance answers here, and the state is in PostgreSQL: start one, or name one that runs with --url',
    { exit: EXIT.unreachable },
  );
}
