import { formatDuration } from '../../../lib/time/duration.ts';
import { MAX_MEMORY_MB } from '../../api/unsaved/thread.ts';
import { COMPILE_TIMEOUT_MS, MAX_THREADS } from '../../api/unsaved/unsaved-rules.ts';
import { MAX_ENDED, MAX_RUNNING } from '../../jobs/jobs.ts';
import { MAX_EVENTS } from '../../jobs/rerun.ts';
import { type LimitSection, number } from '../../../core/schema/reference/limit.ts';

export const work: LimitSection = {
  title: 'Work that people start',
  limits: [
    { name: 'jobs', of: 'Running jobs', most: number(MAX_RUNNING), beyond: '409 `jobs.too_many`', counted: 'refused' },
    { name: 'ended_jobs', of: 'Ended jobs that are kept', most: number(MAX_ENDED), beyond: 'the oldest is forgotten' },
    {
      name: 'rerun_events',
      of: 'Events of one rerun',
      most: number(MAX_EVENTS),
      beyond: '400 `rerun.too_many`',
      counted: 'refused',
    },
    {
      name: 'unsaved_threads',
      of: 'Checks and explanations of rules in requests at the same time',
      most: number(MAX_THREADS),
      beyond: '429 `rules.busy` with `Retry-After`',
      counted: 'refused',
    },
    {
      name: 'unsaved_time',
      of: 'Time of a check or an explanation of rules in a request',
      most: formatDuration(COMPILE_TIMEOUT_MS),
      beyond: '400 `rules.too_slow`',
      counted: 'refused',
    },
    {
      name: 'unsaved_memory',
      of: 'Memory of rules in a request',
      most: `${MAX_MEMORY_MB} MB`,
      beyond: '400 `rules.too_large`',
      counted: 'refused',
    },
    {
      name: 'backtests',
      of: 'Backtests at the same time',
      most: '1',
      beyond: '409 `backtest.running`',
      counted: 'refused',
    },
  ],
};
