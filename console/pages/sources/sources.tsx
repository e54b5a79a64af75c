import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Sources(): VNode {
  return <Page title={texts.value.sources.title}>{null}</Page>;
}
