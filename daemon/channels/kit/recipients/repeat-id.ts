import { sha256 } from '../../../lib/sha256.ts';

/**
 * UUID by which a provider drops a repeated request for one recipient, the same in each attempt. A server may compare it without the
 * recipient, so only the first of `all` has the id of the delivery.
 */
export function repeatId(delivery: string, to: string, all: readonly string[]): string {
  if (to === all[0]) return delivery;
  const digits = sha256(`${delivery} ${to}`);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
