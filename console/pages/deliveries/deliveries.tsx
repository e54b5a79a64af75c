import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Deliveries(): VNode {
  return <Page title={texts.value.deliveries.title}>{null}</Page>;
}
