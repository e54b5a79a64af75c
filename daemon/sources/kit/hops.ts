import { HOPS_HEADER, readHops } from '../../core/event/hops.ts';
import type { HookAnswer, HookRequest } from '../source.ts';
import { problem } from './request-body.ts';

/** Hops of the cause of a request, 0 if no channel has sent it; or the answer to a header that cannot be read. */
export function hopsOfRequest({ headers }: Pick<HookRequest, 'headers'>): number | HookAnswer {
  const given = headers[HOPS_HEADER];
  return given === undefined ? 0 : (readHops(given) ?? problem(400, 'Belfry-Hops is not a whole number'));
}
