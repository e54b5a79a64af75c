import type { Problem } from '../../problems/failure.ts';
import type { Fragment } from '../compile.ts';
import type { Registry } from '../registry.ts';
import { warnOnce } from './once.ts';

/** Warns of files that are not attached, because no folder is set from which files may be. */
export function lintAttachments(
  fragments: readonly Fragment[],
  { channels: types }: Registry,
  around: readonly Fragment[],
): Problem | undefined {
  const all = [...around, ...fragments];
  if (all.some(({ daemon }) => (daemon?.attachFrom.length ?? 0) > 0)) return undefined;
  const attaching = new Set(types.filter(({ attachesFiles }) => attachesFiles === true).map(({ type }) => type));
  const channels = all.flatMap((fragment) => fragment.channels).filter(({ type }) => attaching.has(type));
  return warnOnce(fragments, {
    channels: new Set(channels.map(({ name }) => name)),
    has: ({ attach }) => attach !== undefined,
    code: 'rule.attach',
    message: (rule, channel) =>
      `messages of the rule \`${rule}\` to \`${channel}\` lack their files: no folder is set from which files may be attached`,
    mend: 'name the folder of the files in `daemon.attach_from`',
  });
}
