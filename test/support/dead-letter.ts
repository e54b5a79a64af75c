import type { DeadLetter } from '../../daemon/core/delivery/delivery.ts';
import { sampleEvent, sampleMessage } from './delivery.ts';

export function sampleLetter(id: string, overrides: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    dead_at: '2026-11-23T09:00:00.000Z',
    class: 'permanent',
    error: { code: 'http.401', message: 'the token is refused', status: 401 },
    channel: 'ops',
    channel_type: 'webhook',
    rule: 'failed-deploy',
    key: 'acme/api',
    event: sampleEvent(),
    message: sampleMessage(),
    attempts: [{ at: '2026-11-23T09:00:00.000Z', ms: 41, class: 'permanent', code: 'http.401' }],
    ...overrides,
  };
}
