import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Dead(): VNode {
  return <Page title={texts.value.dead.title}>{null}</Page>;
}
