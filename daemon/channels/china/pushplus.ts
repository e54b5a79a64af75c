import type { Message } from '../../core/message/message.ts';
import { Type } from '../../core/schema/type.ts';
import { each, misconfigured, permanent, rateLimited, transient, textIn } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { fitText, layoutOf, type Markup, PLAIN } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { CODE_POINTS, cutText } from '../kit/text/text.ts';
import { HTML_PAGE, MARKDOWN_PAGE } from './page-markup.ts';
import { untilQuotaStarts } from './quota-day.ts';

/** Characters of the content for users without a membership. https://www.pushplus.plus/doc/help/limit.html */
const MAX_TEXT = 20_000;
const MAX_TITLE = 100;

const TEMPLATES: Readonly<Record<Message['format'], { readonly template: string; readonly markup: Markup }>> = {
  text: { template: 'txt', markup: PLAIN },
  markdown: { template: 'markdown', markup: MARKDOWN_PAGE },
  html: { template: 'html', markup: HTML_PAGE },
};

/** PushPlus (推送加). https://www.pushplus.plus/doc/guide/api.html */
export const pushplus = defineHttpChannel({
  type: 'pushplus',
  summary: 'WeChat, over PushPlus (推送加)',
  documentation: 'https://www.pushplus.plus/doc/guide/api.html',
  setup: [
    'Sign in at https://www.pushplus.plus with WeChat and copy the token under 一对一推送.',
    'Verify the real name of the account (实名认证): without it nothing is delivered.',
    'For a group make one under 一对多推送 and give its code as `topic`.',
  ],
  example: { token: '${env:PUSHPLUS_TOKEN}' },
  receipt: 'code of the message (流水号); PushPlus has accepted it and delivers it later',
  api: 'https://www.pushplus.plus',
  settings: {
    token: key('The token of the user.', '${env:PUSHPLUS_TOKEN}'),
    topic: Type.Optional(
      Type.String({
        description: 'The code of a group (群组编码) whose members get the messages.',
        examples: ['ops'],
        minLength: 1,
      }),
    ),
  },
  keys: { token: '' },
  // https://www.pushplus.plus/doc/help/limit.html
  limits: { rate: '5/1m', text: '20,000 characters' },
  supports: { kept: 'markdown html image', text: 'link actions fields' },
  markup: MARKDOWN_PAGE,
  request(message, { settings: { token, topic }, api, io: { delivery } }) {
    const { template, markup } = TEMPLATES[message.format];
    return {
      url: `${api}/send`,
      json: {
        token: token.reveal(),
        title: cutText(plainTitle(message), MAX_TITLE, CODE_POINTS),
        content: fitText(layoutOf(message, markup, { untitled: true, unit: CODE_POINTS }), MAX_TEXT),
        template,
        ...(topic !== undefined && { topic }),
        // PushPlus drops a message that it handles after this time.
        ...(delivery.expiresAt !== undefined && { timestamp: delivery.expiresAt }),
      },
    };
  },
  // https://api.pushplus.plus/doc-3034446
  answers: {
    read({ json: { code, msg, data } }) {
      if (code === 200) return { ok: true, ...(typeof data === 'string' && { id: data }) };
      return typeof code === 'number' ? { ok: false, code, message: textIn(msg) } : undefined;
    },
    // Further requests after this code make the ban longer.
    meaning: ({ code }, { now }) =>
      code === 900 ? rateLimited('the account may send nothing more today', untilQuotaStarts(now)) : undefined,
    codes: {
      ...each('302 401 903', misconfigured('the token is refused')),
      403: misconfigured('the account does not accept messages from this address'),
      805: misconfigured('the account may not do this'),
      888: misconfigured('the account has no points left'),
      905: misconfigured('the account has no verified real name'),
      500: transient('the system has an error'),
      ...each('600 999', permanent('the request is not valid')),
    },
  },
});
