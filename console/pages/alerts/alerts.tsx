import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Alerts(): VNode {
  return <Page title={texts.value.alerts.title}>{null}</Page>;
}
