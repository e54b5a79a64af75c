import { readDeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import type { DaemonApi } from '../../http/daemon-api.ts';
import { deadLines } from '../api/daemon-api.ts';

/** Lines of the dead-letter file without the store, its lock and the rules. A record that was resent just before a crash may still be listed. */
export function offlineDeadLines(file: string): ReturnType<DaemonApi['dead']> {
  return deadLines({ read: () => readDeadLetters(file) });
}
