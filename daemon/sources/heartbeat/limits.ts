import { bytes, type Limit, number } from '../../core/schema/reference/limit.ts';
import { MAX_KEY_LENGTH as MAX_BEAT_KEY, MAX_OUTPUT } from './requests.ts';
import { MAX_KEYS } from './watch.ts';

/** Limits of the beats of a heartbeat. */
export const limits: readonly Limit[] = [
  {
    name: 'heartbeat_keys',
    of: 'Keys of a heartbeat',
    most: number(MAX_KEYS),
    beyond: '503 `beat.too_many_keys`; a beat in an event is reported by `status`',
    counted: 'refused',
  },
  {
    name: 'beat_key',
    of: 'Characters of a key of a heartbeat',
    most: number(MAX_BEAT_KEY),
    beyond: '400',
  },
  {
    name: 'beat_output',
    of: 'Output of a job in a beat',
    most: bytes(MAX_OUTPUT),
    beyond: 'its end is kept',
  },
];
