import type { Problem } from '../../problems/failure.ts';
import type { Fragment } from '../compile.ts';
import type { Registry } from '../registry.ts';
import { warnOnce } from './once.ts';

/**
 * Warns of alert buttons that are left out of messages: no public address is set to which their links could lead, and their channel
 * has no buttons of its own.
 */
export function lintButtons(
  fragments: readonly Fragment[],
  { channels: types }: Registry,
  around: readonly Fragment[],
): Problem | undefined {
  const all = [...around, ...fragments];
  if (all.some(({ daemon }) => daemon?.publicUrl !== undefined)) return undefined;
  const withoutButtons = all.flatMap(({ channels }) =>
    channels.filter(({ type, settings }) => {
      const { buttons } = types.find((one) => one.type === type)!;
      return buttons?.connection(settings) === undefined;
    }),
  );
  return warnOnce(fragments, {
    channels: new Set(withoutButtons.map(({ name }) => name)),
    has: ({ actions }) => actions?.some((action) => action.do !== undefined) === true,
    code: 'rule.actions',
    message: (rule, channel) =>
      `messages of the rule \`${rule}\` to \`${channel}\` lack their buttons on the alert: no address of this daemon is set to which a link could lead`,
    mend: 'set `daemon.public_url`, such as `https://belfry.example.com`',
  });
}
