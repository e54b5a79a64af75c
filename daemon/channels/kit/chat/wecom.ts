import { lookalikes } from '../text/escape.ts';
import { asWritten, type Markup } from '../text/layout.ts';

/** Markdown that the bots and the apps of WeCom share. It has no escape character. https://developer.work.weixin.qq.com/document/path/99110 */
export const WECOM_MARKDOWN: Markup = {
  markdown: asWritten,
  escape: lookalikes,
  title: (line) => `**${line}**`,
  field: (name, value) => `> ${name}: ${value}`,
  link: (label, address) => `[${label === '' ? address : label}](${address})`,
  gap: '\n',
};
