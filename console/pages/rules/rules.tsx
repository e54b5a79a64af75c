import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Page } from '../../ui/page.tsx';

export function Rules(): VNode {
  return <Page title={texts.value.rules.title}>{null}</Page>;
}
