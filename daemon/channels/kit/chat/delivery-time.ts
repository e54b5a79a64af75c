import type { Delivery } from '../../../core/delivery/delivery.ts';

/**
 * Time of a delivery, such as `2026-11-23 09:00:00 UTC`. It is the same in every attempt. A provider that drops equal messages drops
 * a repeated attempt then, but not a later message with the same text.
 */
export const deliveryTime = ({ createdAt }: Delivery): string =>
  `${new Date(createdAt).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
