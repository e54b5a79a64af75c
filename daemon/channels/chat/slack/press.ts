import { isObject } from '../../../core/values/json.ts';
import type { PressAnswer } from '../../channel.ts';

type Json = Readonly<Record<string, unknown>>;

/** Press of a button in a message. https://docs.slack.dev/reference/interaction-payloads/block_actions-payload */
export interface SlackPress {
  readonly token: string;
  readonly name: string;
  /** Id of the person. */
  readonly user: string;
  /** Id of the channel. */
  readonly channel: string;
  readonly ts: string;
  readonly text: string;
  readonly attachments: readonly Json[];
}

/** Reads a press; undefined for one that no button of Belfry can have caused. */
export function readPress(payload: unknown): SlackPress | undefined {
  if (!isObject(payload) || payload.type !== 'block_actions') return undefined;
  const { user, container, channel, message, actions } = payload;
  const [action] = listOf(actions);
  if (!isObject(user) || action === undefined || typeof action.value !== 'string') return undefined;
  const where = { ...(isObject(container) && container), ...(isObject(channel) && { channel_id: channel.id }) };
  const { channel_id: channelId, message_ts: ts } = where as Json;
  if (typeof channelId !== 'string' || typeof ts !== 'string' || typeof user.id !== 'string') return undefined;
  const shown = isObject(message) ? message : {};
  return {
    token: action.value,
    name: nameOf(user),
    user: user.id,
    channel: channelId,
    ts,
    text: typeof shown.text === 'string' ? shown.text : '',
    attachments: listOf(shown.attachments),
  };
}

function nameOf({ username, name, id }: Json): string {
  const known = [username, name].filter((one) => typeof one === 'string').find((one) => one !== '');
  return known === undefined ? `user ${String(id)}` : `@${known}`;
}

const listOf = (given: unknown): readonly Json[] => (Array.isArray(given) ? given.filter(isObject) : []);

/** Body of `chat.update` that shows the answer in the message and removes buttons that can do nothing more; undefined when nothing changes. */
export function updateOf(press: SlackPress, answer: PressAnswer): object | undefined {
  if (answer.ends === 'nothing' || press.attachments.length === 0) return undefined;
  const attachments = press.attachments.map((attachment) => withAnswer(attachment, press.token, answer));
  return { channel: press.channel, ts: press.ts, text: press.text, attachments };
}

/** Attachment as it was sent, or that of the buttons with the answer in it. */
function withAnswer(shown: Json, token: string, { text, ends }: PressAnswer): Json {
  const { id: _, ...attachment } = shown;
  const blocks = listOf(attachment.blocks);
  if (!blocks.some(({ type }) => type === 'actions')) return attachment;
  const line = { type: 'context', elements: [{ type: 'plain_text', text, emoji: false }] };
  const left = blocks.flatMap((block): readonly Json[] => {
    if (block.type !== 'actions') return [block];
    const elements = listOf(block.elements).filter(({ value }) => ends !== 'alert' && value !== token);
    return elements.length === 0 ? [] : [{ ...block, elements }];
  });
  return { ...attachment, blocks: [...left, line] };
}
