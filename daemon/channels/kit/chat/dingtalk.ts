import { lookalikes, withLineBreaks } from '../text/escape.ts';
import { asWritten, type Markup } from '../text/layout.ts';

/** Markdown that the bots and the work notifications of DingTalk share. https://open.dingtalk.com/document/robots/custom-robot-access */
export const DINGTALK_MARKDOWN: Markup = {
  markdown: asWritten,
  // DingTalk breaks a line only at a line feed with two spaces before it.
  escape: (text) => withLineBreaks(lookalikes(text)),
  title: (line) => `#### ${line}`,
  field: (name, value) => `- ${name}: ${value}`,
  link: (label, address) => `- [${label === '' ? address : label}](${address})`,
  image: (address) => `![](${address})`,
  gap: '\n\n',
};
