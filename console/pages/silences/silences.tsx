import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Silences(): VNode {
  return <Page title={texts.value.silences.title}>{null}</Page>;
}
