import type { VNode } from 'preact';
import { place } from '../../lib/router.ts';
import { DeliveryPage } from './delivery.tsx';
import { DeliveryList } from './delivery-list.tsx';

/** List of deliveries, or one delivery at `#/deliveries/ID`. */
export function Deliveries(): VNode {
  const [, id] = place.value.path;
  return id === undefined ? <DeliveryList /> : <DeliveryPage key={id} id={id} />;
}
