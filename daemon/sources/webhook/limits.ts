import { bytes, type Limit, number } from '../../core/schema/reference/limit.ts';
import { MAX_SIGNATURES } from '../kit/secrets.ts';
import { MAX_REPEATED } from './each.ts';

/** Limits of requests to a webhook source. */
export const limits: readonly Limit[] = [
  {
    name: 'source_rate',
    of: 'Requests to one webhook source',
    most: 'none',
    setting: '`rate` of the source',
    beyond: '429 `hook.rate` with `Retry-After`',
    counted: 'refused',
  },
  {
    name: 'repeated_data',
    of: 'Data that `each` of a webhook source stores with every event, all together',
    most: bytes(MAX_REPEATED),
    beyond: '413 `hook.too_much_repeated`',
    counted: 'refused',
  },
  {
    name: 'signatures',
    of: 'Signatures in a request to a webhook source',
    most: number(MAX_SIGNATURES),
    beyond: '401',
  },
];
