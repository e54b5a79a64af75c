import type { VNode } from 'preact';
import { href, place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';

/** Views of the rules: in force, and how they were changed. */
export function Tabs(): VNode {
  const { rules: words } = texts.value;
  const isHistory = place.value.query.generation !== undefined;
  const tabs = [
    [words.inForce, href(['rules']), !isHistory],
    [words.changes, href(['rules'], { generation: 'last' }), isHistory],
  ] as const;
  return (
    <nav class="rule-tabs" aria-label={words.title}>
      {tabs.map(([name, address, isHere]) => (
        <a key={address} href={address} {...(isHere && { 'aria-current': 'page' })}>
          {name}
        </a>
      ))}
    </nav>
  );
}
