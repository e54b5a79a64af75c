import { isObject } from '../../../core/values/json.ts';
import type { HookRequest } from '../../source.ts';
import { defineScheme, type Proof } from './scheme.ts';
import { matches, secretsSetting } from '../../kit/secrets.ts';
import { freshTime, hmacOf, WINDOW_MS } from './signature.ts';

/** Messages to a chat bot. The signature does not cover the body, so each one is accepted once. https://open.dingtalk.com/document/orgapp/receive-message */
export const dingtalk = defineScheme({
  name: 'dingtalk',
  setting: secretsSetting('The app secret of the DingTalk chat bot.', '${env:DINGTALK_APP_SECRET}'),
  open: (secrets) => ({
    verify({ headers }: HookRequest, now: number): Proof | undefined {
      const { timestamp = '', sign } = headers;
      const expected = (secret: string) => hmacOf('sha256', secret, `${timestamp}\n${secret}`).toString('base64');
      const signed = matches(sign === undefined ? [] : [sign], secrets, expected);
      const time = freshTime(timestamp, 1, now);
      if (!signed || time === undefined) return undefined;
      return { replayGuard: { content: timestamp, until: time + WINDOW_MS } };
    },
    deliveryId: (_request, body) => (isObject(body) && typeof body.msgId === 'string' ? body.msgId : undefined),
  }),
});
