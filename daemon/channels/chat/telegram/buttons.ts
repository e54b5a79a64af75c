import type { StoredMessage } from '../../../core/message/message.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { ChannelButtons } from '../../channel.ts';
import { pollPresses } from './poll.ts';

interface ButtonSettings {
  readonly token: Secret;
  readonly to: readonly (string | number)[];
  readonly api?: string;
  readonly buttons?: boolean;
}

/** Path of the methods of a bot. The token has a colon, which Telegram does not take encoded. */
export const botPath = (token: Secret): string => `/bot${encodeURIComponent(token.reveal()).replace('%3A', ':')}`;

export const recipientsOf = (message: Pick<StoredMessage, 'to'>, { to }: Pick<ButtonSettings, 'to'>) =>
  message.to ?? to.map(String);

/** Inline buttons, whose presses are fetched by long polling. https://core.telegram.org/bots/api#getupdates */
export const telegramButtons: ChannelButtons<ButtonSettings> = {
  connection: ({ buttons, token, api = '' }) => (buttons === true ? `${api} ${token.reveal()}` : undefined),
  recipients: recipientsOf,
  listen: ({ token, api = 'https://api.telegram.org' }, tools) =>
    pollPresses(`${api.replace(/\/+$/, '')}${botPath(token)}`, tools),
};
