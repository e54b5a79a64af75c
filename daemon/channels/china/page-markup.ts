import { escapeFor } from '../../core/message/escape.ts';
import { withLineBreaks } from '../kit/text/escape.ts';
import { asWritten, COMMONMARK, type Markup } from '../kit/text/layout.ts';

/** Markups of services that show a message as a page. */

/** CommonMark, with a line break at the end of each line of plain text. */
export const MARKDOWN_PAGE: Markup = {
  ...COMMONMARK,
  escape: (text) => withLineBreaks(COMMONMARK.escape(text)),
  link: (label, address) => `- ${COMMONMARK.link(label, address)}`,
  image: (address) => `\n![](${address})`,
};

/** HTML, for messages in HTML. */
export const HTML_PAGE: Markup = {
  html: asWritten,
  escape: (text) => escapeFor(text, 'html').replaceAll('\n', '<br>\n'),
  title: (line) => `<h3>${line}</h3>`,
  field: (name, value) => `<b>${name}</b>: ${value}<br>`,
  link: (label, address) =>
    `<a href="${escapeFor(address, 'html')}">${label === '' ? escapeFor(address, 'html') : label}</a><br>`,
  image: (address) => `<img src="${escapeFor(address, 'html')}"><br>`,
  gap: '<br>\n',
};
