import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Channels(): VNode {
  return <Page title={texts.value.channels.title}>{null}</Page>;
}
