import { misconfigured, rateLimited, textIn, idIn } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { fitText, layoutOf } from '../kit/text/layout.ts';
import { plainBody, plainTitle } from '../kit/text/plain.ts';
import { cleanLine, CODE_POINTS, cutText } from '../kit/text/text.ts';
import { MARKDOWN_PAGE } from './page-markup.ts';
import { untilQuotaStarts } from './quota-day.ts';

const MAX_TITLE = 32;
const MAX_TEXT_BYTES = 32_768;
const MAX_SHORT = 64;

/** A SendKey of ServerChan 3, which contains the number of its user. https://doc2.ft07.com/serverchan3/server/api */
const KEY_OF_3 = /^sctp(\d+)t/;
const QUOTA = /次数|频率|limit/i;

/** ServerChan (Server酱): Turbo and 3 differ in their keys and hosts only. https://sct.ftqq.com/sendkey */
export const serverchan = defineHttpChannel({
  type: 'serverchan',
  summary: 'WeChat or an app, over ServerChan Turbo or ServerChan 3 (Server酱)',
  documentation: 'https://doc2.ft07.com/serverchan3/server/api',
  setup: [
    'For WeChat sign in at https://sct.ftqq.com/sendkey and copy the SendKey (`SCT...`).',
    'For the app of ServerChan 3 sign in at https://sc3.ft07.com/sendkey and copy the SendKey (`sctp...`).',
  ],
  example: { key: '${env:SERVERCHAN_KEY}' },
  receipt: 'id of the push; ServerChan has accepted it and delivers it later',
  api({ key: sendKey }) {
    const [, user] = KEY_OF_3.exec(sendKey.reveal()) ?? [];
    return user === undefined ? 'https://sctapi.ftqq.com' : `https://${user}.push.ft07.com`;
  },
  settings: { key: key('The SendKey, of Turbo (`SCT...`) or of 3 (`sctp...`).', '${env:SERVERCHAN_KEY}') },
  keys: { key: '' },
  limits: { text: '32 characters of the title, 32 KB of the text' },
  supports: { kept: 'markdown tags image', text: 'html link actions fields' },
  markup: MARKDOWN_PAGE,
  request(message, { settings, api }) {
    const sendKey = settings.key.reveal();
    const is3 = KEY_OF_3.test(sendKey);
    const title = plainTitle(message);
    const layout = layoutOf(message, MARKDOWN_PAGE, { untitled: CODE_POINTS.length(title) <= MAX_TITLE });
    const tags = message.tags.map((tag) => cleanLine(tag).replaceAll('|', ' '));
    return {
      url: `${api}${is3 ? '/send' : ''}/${encodeURIComponent(sendKey)}.send`,
      json: {
        title: cutText(title, MAX_TITLE, CODE_POINTS) || '…',
        desp: fitText(
          is3 || tags.length === 0
            ? layout
            : { ...layout, rest: [...layout.rest, `- ${MARKDOWN_PAGE.escape(tags.join(', '))}`] },
          MAX_TEXT_BYTES,
        ),
        short: cutText(cleanLine(plainBody(message)), MAX_SHORT, CODE_POINTS),
        // Turbo shows the address of the sender otherwise.
        ...(is3 ? tags.length > 0 && { tags: tags.join('|') } : { noip: 1 }),
      },
    };
  },
  answers: {
    read({ json: { code, message, data } }) {
      const { pushid } = (data ?? {}) as { readonly pushid?: unknown };
      if (code === 0) return { ok: true, ...idIn(pushid) };
      return typeof code === 'number' ? { ok: false, code, message: textIn(message) } : undefined;
    },
    // One code stands for a wrong key and for a used quota. The text is Chinese.
    meaning: ({ code, message = '' }, { now }) =>
      (code === 40001 || code === 471) && QUOTA.test(message)
        ? rateLimited('the quota of this day is used up', untilQuotaStarts(now))
        : undefined,
    codes: { 40001: misconfigured('the SendKey is refused') },
    statuses: { 404: { misconfigured: true, message: 'there is no such SendKey' } },
  },
});
