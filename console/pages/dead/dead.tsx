import type { VNode } from 'preact';
import { place } from '../../lib/router.ts';
import { DeadList } from './dead-list.tsx';
import { LetterPage } from './letter.tsx';

/** Dead letters: the list, or one of them. */
export function Dead(): VNode {
  const [, id] = place.value.path;
  return id === undefined ? <DeadList /> : <LetterPage key={id} id={id} />;
}
