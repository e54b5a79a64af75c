import { harmlessLines } from '../render/terminal.ts';
import type { Draft, Entry, Settings } from './draft.ts';

const HEAD = (about: string): string => `# yaml-language-server: $schema=rules.schema.json
#
# Translated by \`belfry import\` from ${about}. Read it through: \`belfry check\` finds what does not load, and
# \`belfry channel test NAME\` sends a message through a channel.
`;

/** Rules as YAML with comments, of which `belfry check` finds no problem once the variables are set. */
export async function rulesText(draft: Draft, about: string): Promise<string> {
  const { Document } = await import('yaml');
  const section = (name: string, value: unknown, comments: readonly string[]): string => {
    const document = new Document({ [name]: value }, { aliasDuplicateObjects: false });
    const inner = document.get(name) as { readonly items: readonly CommentedItem[] };
    for (const [index, item] of inner.items.entries()) commentOn(item, comments[index]!, index > 0);
    return document.toString({ lineWidth: 0 });
  };
  const maps = (['hours', 'sources', 'channels'] as const).map((name): string => {
    const entries = draft.entries(name);
    if (entries.length === 0) return '';
    return section(name, Object.fromEntries(entries.map((entry) => [entry.name, entry.settings])), commentsOf(entries));
  });
  const rules = draft.entries('rules');
  const list =
    rules.length === 0
      ? ''
      : section(
          'rules',
          rules.map(({ name, settings }) => ({ name, ...(settings as Settings) })),
          commentsOf(rules),
        );
  const { message } = draft;
  const defaults = message === undefined ? '' : new Document({ defaults: { message } }).toString({ lineWidth: 0 });
  return [HEAD(about), ...maps, defaults, list].filter((text) => text !== '').join('\n');
}

const commentsOf = (entries: readonly Entry[]): string[] => entries.map(({ comment }) => comment);

interface CommentedItem {
  readonly key?: { commentBefore?: string; spaceBefore?: boolean };
  commentBefore?: string;
  spaceBefore?: boolean;
}

/** A comment stands before the key of a map, or before the item of a list. */
function commentOn(item: CommentedItem, comment: string, isFollowing: boolean): void {
  const node = item.key ?? item;
  node.commentBefore = harmlessLines(comment)
    .split('\n')
    .map((line) => ` ${line}`)
    .join('\n');
  node.spaceBefore = isFollowing;
}
