import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message, Priority } from '../../../core/message/message.ts';
import { asWritten, fitText, layoutOf, type Markup, without } from '../text/layout.ts';
import { plainTitle } from '../text/plain.ts';
import { cutToBytes } from '../text/text.ts';
import type { Mentions } from './mention.ts';
import { type Button, buttonsOf } from './parts.ts';

/** Parts that the bots and the apps of Feishu share. */

/** Escapes text for the Markdown of cards, by entities. */
const entities = (text: string): string =>
  text.replace(/[&<>*~[\]()`_#\\!$|]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Markdown of cards. https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-json-v2-components/content-components/rich-text */
export const FEISHU_CARD: Markup = {
  markdown: asWritten,
  escape: entities,
  title: (line) => `**${line}**`,
  field: (name, value) => `**${name}**: ${value}`,
  link: (label, address) => `[${label === '' ? address : label}](${address})`,
  gap: '\n',
};

export const idsOf = ({ all, users }: Mentions): string[] => [...users, ...(all ? ['all'] : [])];

const MAX_TITLE = 300;

export const titleOf = (message: Message): string => cutToBytes(plainTitle(message), MAX_TITLE);

/** The link and the actions. */
export const linksOf = ({ link, actions = [] }: Message): readonly Button[] =>
  buttonsOf([...(link === undefined ? [] : [{ label: '', url: link }]), ...actions], 10, 100);

const COLOURS: Readonly<Record<Priority, string>> = {
  min: 'grey',
  low: 'grey',
  normal: 'blue',
  high: 'orange',
  urgent: 'red',
};

/** A card whose text has at most `room` bytes; the colour of its header shows the priority, or green for `resolved`. */
export function cardOf(message: Message, mentions: Mentions, { status }: Delivery): (room: number) => object {
  const calls = idsOf(mentions).map((id) => `<at id=${id}></at>`);
  const buttons = linksOf(without(message, 'link')).map(({ label, address }) => ({
    tag: 'button',
    text: { tag: 'plain_text', content: label },
    type: 'default',
    behaviors: [{ type: 'open_url', default_url: address }],
  }));
  const layout = layoutOf(buttons.length > 0 ? without(message, 'actions') : message, FEISHU_CARD, { untitled: true });
  const template = status === 'resolved' ? 'green' : COLOURS[message.priority];
  return (room) => {
    const content = [fitText(layout, room), ...calls].join('\n');
    const header = { title: { tag: 'plain_text', content: titleOf(message) }, template };
    return { schema: '2.0', header, body: { elements: [{ tag: 'markdown', content }, ...buttons] } };
  };
}
