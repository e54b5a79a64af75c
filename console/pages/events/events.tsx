import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Events(): VNode {
  return <Page title={texts.value.events.title}>{null}</Page>;
}
