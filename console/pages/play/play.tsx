import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Play(): VNode {
  return <Page title={texts.value.play.title}>{null}</Page>;
}
