import { isObject } from '../../../core/values/json.ts';
import type { PressAnswer } from '../../channel.ts';

/** Press of an inline button. https://core.telegram.org/bots/api#callbackquery */
export interface CallbackQuery {
  readonly id: string;
  readonly token: string;
  readonly name: string;
  /** Names of the chat in the form of recipients. */
  readonly chat: readonly string[];
  /** Message with the button; undefined if it is too old for Telegram to send it. */
  readonly message: ButtonMessage | undefined;
}

interface ButtonMessage {
  readonly chatId: number;
  readonly id: number;
  readonly text: string;
  readonly entities: readonly unknown[];
  readonly preview: unknown;
  readonly keyboard: readonly (readonly Record<string, unknown>[])[];
}

/** UTF-16 units of a text, after its mark-up was read. */
const MAX_TEXT = 4096;

/** Reads a press; undefined for one that no button of Belfry can have caused. */
export function readQuery(given: unknown): CallbackQuery | undefined {
  if (!isObject(given)) return undefined;
  const { id, data, from, message } = given;
  if (typeof id !== 'string' || typeof data !== 'string' || !isObject(from) || !isObject(message)) return undefined;
  const { chat } = message;
  if (!isObject(chat) || typeof chat.id !== 'number') return undefined;
  const names = [String(chat.id), ...(typeof chat.username === 'string' ? [`@${chat.username}`] : [])];
  return { id, token: data, name: nameOf(from), chat: names, message: messageOf(message, chat.id) };
}

function nameOf({ username, first_name: first, last_name: last, id }: Readonly<Record<string, unknown>>): string {
  if (typeof username === 'string') return `@${username}`;
  const name = [first, last].filter((part) => typeof part === 'string').join(' ');
  return name === '' ? `user ${String(id)}` : name;
}

function messageOf(given: Readonly<Record<string, unknown>>, chatId: number): ButtonMessage | undefined {
  const { message_id: id, text, entities, link_preview_options: preview, reply_markup: markup } = given;
  const keyboard = isObject(markup) ? markup.inline_keyboard : undefined;
  if (typeof id !== 'number' || typeof text !== 'string' || !isKeyboard(keyboard)) return undefined;
  return { chatId, id, text, entities: Array.isArray(entities) ? (entities as unknown[]) : [], preview, keyboard };
}

const isKeyboard = (given: unknown): given is ButtonMessage['keyboard'] =>
  Array.isArray(given) && given.every((row) => Array.isArray(row) && row.every(isObject));

/** Call that shows the answer in the message and removes buttons that can do nothing more; undefined when nothing changes. */
export function editOf(
  { token, message }: CallbackQuery,
  { text: line, ends }: PressAnswer,
): { readonly method: string; readonly body: object } | undefined {
  if (message === undefined || ends === 'nothing') return undefined;
  const isOver = (data: unknown): boolean => data !== undefined && (ends === 'alert' || data === token);
  const inline_keyboard = message.keyboard
    .map((row) => row.filter((button) => !isOver(button.callback_data)))
    .filter((row) => row.length > 0);
  const where = { chat_id: message.chatId, message_id: message.id, reply_markup: { inline_keyboard } };
  const text = `${message.text}\n\n${line}`;
  if (text.length > MAX_TEXT || message.text.endsWith(line)) return { method: 'editMessageReplyMarkup', body: where };
  // The text comes back without its mark-up; `entities` are the mark-up, by position.
  const preview = isObject(message.preview) ? message.preview : { is_disabled: true };
  return {
    method: 'editMessageText',
    body: { ...where, text, entities: message.entities, link_preview_options: preview },
  };
}
