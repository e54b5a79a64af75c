import type { VNode } from 'preact';
import { place } from '../../lib/router.ts';
import { SourceList } from './source-list.tsx';
import { SourcePage } from './source.tsx';

/** Sources: all of them, or the one in the address. */
export function Sources(): VNode {
  const name = place.value.path[1];
  return name === undefined ? <SourceList /> : <SourcePage key={name} name={name} />;
}
