import type { ProviderResult, ReadableAnswer } from '../http/answers.ts';
import { lookalikes } from '../text/escape.ts';
import { asWritten, type Markup } from '../text/layout.ts';

/** Parts that the bots and the apps of WeCom share. */

/** Markdown of WeCom, which has no escape character. https://developer.work.weixin.qq.com/document/path/99110 */
export const WECOM_MARKDOWN: Markup = {
  markdown: asWritten,
  escape: lookalikes,
  title: (line) => `**${line}**`,
  field: (name, value) => `> ${name}: ${value}`,
  link: (label, address) => `[${label === '' ? address : label}](${address})`,
  gap: '\n',
};

/** Result in the form of WeCom and DingTalk: `errcode` alone decides. */
export function readErrcode({ json: { errcode, errmsg } }: Pick<ReadableAnswer, 'json'>): ProviderResult | undefined {
  if (errcode === 0) return { ok: true };
  return typeof errcode === 'number'
    ? { ok: false, code: errcode, message: typeof errmsg === 'string' ? errmsg : '' }
    : undefined;
}
