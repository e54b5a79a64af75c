import type { DeadLetter } from '../../../core/delivery/delivery.ts';
import type { DeadLineProblem } from '../../../core/delivery/resend.ts';
import { readDeadLetters } from '../../../delivery/dead-letters/dead-letters.ts';

/** Lines of the dead-letter file without the store, its lock and the rules. A record that was resent just before a crash may still be listed. */
export async function* offlineDeadLines(file: string): AsyncIterable<DeadLetter | DeadLineProblem> {
  for await (const line of readDeadLetters(file)) yield 'record' in line ? line.record : line;
}
