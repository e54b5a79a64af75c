import type { Action } from '../../../core/message/message.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { ChannelButtons } from '../../channel.ts';
import { cleanLine, CODE_POINTS, cutText } from '../../kit/text/text.ts';
import { SlackApi } from './api.ts';
import { readPress, updateOf } from './press.ts';
import { receiveEnvelopes } from './socket-mode.ts';

interface ButtonSettings {
  readonly api?: string;
  readonly token?: Secret;
  readonly app_token?: Secret;
}

/** Buttons of Block Kit, whose presses come over a WebSocket that the daemon opens. https://docs.slack.dev/apis/events-api/using-socket-mode/ */
export const slackButtons: ChannelButtons<ButtonSettings> = {
  connection: ({ api = '', token, app_token: appToken }) =>
    token === undefined || appToken === undefined ? undefined : `${api} ${appToken.reveal()} ${token.reveal()}`,
  async listen({ api = 'https://slack.com', token, app_token: appToken }, tools) {
    const bot = new SlackApi(api, token!, tools);
    await receiveEnvelopes(new SlackApi(api, appToken!, tools), tools, async (payload) => {
      const press = readPress(payload);
      if (press === undefined) return;
      const answer = await tools.press({ token: press.token, name: press.name });
      // The press counts already, so its envelope is acknowledged without waiting for the message to change.
      void (async () => {
        const update = updateOf(press, answer);
        if (update !== undefined) await bot.tryCall('chat.update', update);
        const { channel, user } = press;
        if (!answer.isDone) await bot.tryCall('chat.postEphemeral', { channel, user, text: answer.text });
      })();
    });
  },
};

/** Characters of the text of a button. https://docs.slack.dev/reference/block-kit/block-elements/button-element */
const MAX_LABEL = 75;

/** Attachment with the buttons on the alert; undefined without any. */
export function buttonAttachment(actions: readonly Action[] = [], color: string): object | undefined {
  const elements = actions.flatMap(({ label, press }, index) =>
    press === undefined
      ? []
      : [
          {
            type: 'button',
            action_id: `belfry_${index}`,
            text: { type: 'plain_text', text: cutText(cleanLine(label), MAX_LABEL, CODE_POINTS), emoji: false },
            value: press,
          },
        ],
  );
  if (elements.length === 0) return undefined;
  return { color, fallback: elements.map(({ text }) => text.text).join(', '), blocks: [{ type: 'actions', elements }] };
}
