import { escapeFor } from '../../../core/message/escape.ts';
import { ampersandEntities, discordEscapes, linkAddress, telegramText } from './escape.ts';
import { type Dialect, type Link, renderMarkdown } from './markdown.ts';

/** Dialects of providers that do not read CommonMark. */

const html = (plain: string): string => escapeFor(plain, 'html');

/** A link without a valid address, as text. */
const asText = ({ label, plainLabel, target }: Link, escape: (text: string) => string): string =>
  plainLabel === target ? label : `${label} (${escape(target)})`;

const indented = (text: string, by: string): string => text.replaceAll('\n', `\n${by}`);

const listLines = (items: readonly string[], first: number | undefined): string =>
  items
    .map((item, index) =>
      first === undefined ? `- ${indented(item, '  ')}` : `${first + index}. ${indented(item, '   ')}`,
    )
    .join('\n');

const quoteLines = (inner: string): string => `> ${indented(inner, '> ')}`;

/** Plain text: marks are removed, links show their address. */
export const PLAIN_DIALECT: Dialect = {
  text: (plain) => plain,
  strong: (inner) => inner,
  emphasis: (inner) => inner,
  strike: (inner) => inner,
  code: (plain) => plain,
  link: (link) => asText(link, (text) => text),
  lineBreak: '\n',
  paragraph: (inner) => inner,
  heading: (inner) => inner,
  codeBlock: (plain) => plain,
  quote: quoteLines,
  list: listLines,
  rule: '---',
};

/** HTML of a mail. */
const HTML_DIALECT: Dialect = {
  text: html,
  strong: (inner) => `<strong>${inner}</strong>`,
  emphasis: (inner) => `<em>${inner}</em>`,
  strike: (inner) => `<s>${inner}</s>`,
  code: (plain) => `<code>${html(plain)}</code>`,
  link: (link) =>
    link.address === undefined ? asText(link, html) : `<a href="${html(link.address)}">${link.label}</a>`,
  lineBreak: '<br>\n',
  paragraph: (inner) => `<p>${inner}</p>`,
  heading: (inner, level) => `<h${level}>${inner}</h${level}>`,
  codeBlock: (plain) => `<pre><code>${html(plain)}</code></pre>`,
  quote: (inner) => `<blockquote>${inner}</blockquote>`,
  list(items, first) {
    const tag = first === undefined ? 'ul' : 'ol';
    const start = first === undefined || first === 1 ? '' : ` start="${first}"`;
    return `<${tag}${start}>${items.map((item) => `<li>${item}</li>`).join('')}</${tag}>`;
  },
  rule: '<hr>',
  gap: '\n',
};

export const htmlFromMarkdown = (markdown: string): string => renderMarkdown(markdown, HTML_DIALECT);

export const htmlLink = (label: string, target: string): string =>
  HTML_DIALECT.link({ label: html(label), plainLabel: label, target, address: linkAddress(target) });

/** HTML of Telegram, which knows few tags and no paragraphs. https://core.telegram.org/bots/api#html-style */
export const TELEGRAM_DIALECT: Dialect = {
  text: telegramText,
  strong: (inner) => `<b>${inner}</b>`,
  emphasis: (inner) => `<i>${inner}</i>`,
  strike: (inner) => `<s>${inner}</s>`,
  code: (plain) => `<code>${ampersandEntities(plain)}</code>`,
  link: (link) =>
    link.address === undefined ? asText(link, telegramText) : `<a href="${html(link.address)}">${link.label}</a>`,
  lineBreak: '\n',
  paragraph: (inner) => inner,
  heading: (inner) => `<b>${inner}</b>`,
  codeBlock: (plain, language) =>
    language === ''
      ? `<pre>${ampersandEntities(plain)}</pre>`
      : `<pre><code class="language-${html(language)}">${ampersandEntities(plain)}</code></pre>`,
  quote: (inner) => `<blockquote>${inner}</blockquote>`,
  list: listLines,
  rule: '———',
};

/** HTML of Pushover, which has bold, italic and underlined text and links. https://pushover.net/api#html */
export const PUSHOVER_DIALECT: Dialect = {
  ...PLAIN_DIALECT,
  text: html,
  strong: (inner) => `<b>${inner}</b>`,
  emphasis: (inner) => `<i>${inner}</i>`,
  code: html,
  link: (link) => HTML_DIALECT.link(link),
  heading: (inner) => `<b>${inner}</b>`,
  codeBlock: html,
};

/** Replaces backticks in code by a similar character, since Slack's mrkdwn has no escape for them. */
const withoutBackticks = (plain: string): string => ampersandEntities(plain).replaceAll('`', 'ˋ');

/** A link with a label of one line, in which nothing ends the link. */
export const mrkdwnLink = (label: string, address: string): string =>
  label === '' ? `<${address}>` : `<${address}|${label.replace(/[|\n]/g, ' ')}>`;

/** Slack's mrkdwn. https://docs.slack.dev/messaging/formatting-message-text */
export const MRKDWN_DIALECT: Dialect = {
  text: ampersandEntities,
  strong: (inner) => `*${inner}*`,
  emphasis: (inner) => `_${inner}_`,
  strike: (inner) => `~${inner}~`,
  code: (plain) => `\`${withoutBackticks(plain)}\``,
  link: (link) =>
    link.address === undefined
      ? asText(link, ampersandEntities)
      : mrkdwnLink(
          link.plainLabel === link.target ? '' : ampersandEntities(link.plainLabel),
          ampersandEntities(link.address),
        ),
  lineBreak: '\n',
  paragraph: (inner) => inner,
  heading: (inner) => `*${inner}*`,
  codeBlock: (plain) => `\`\`\`\n${withoutBackticks(plain)}\n\`\`\``,
  quote: quoteLines,
  list: listLines,
  rule: '———',
};

/** Adds an invisible space after each backtick, so that no three backticks end the block. */
const withoutFences = (plain: string): string => plain.replaceAll('`', '`\u200B');

/** Markdown of Discord. https://support.discord.com/hc/en-us/articles/210298617 */
export const DISCORD_DIALECT: Dialect = {
  text: discordEscapes,
  strong: (inner) => `**${inner}**`,
  emphasis: (inner) => `*${inner}*`,
  strike: (inner) => `~~${inner}~~`,
  code: (plain) => `\`${plain.replaceAll('`', 'ˋ')}\``,
  link: (link) =>
    link.address === undefined
      ? asText(link, discordEscapes)
      : link.plainLabel === link.target
        ? link.address
        : `[${link.label}](${link.address})`,
  lineBreak: '\n',
  paragraph: (inner) => inner,
  heading: (inner) => `**${inner}**`,
  codeBlock: (plain, language) => `\`\`\`${language}\n${withoutFences(plain)}\n\`\`\``,
  quote: quoteLines,
  list: listLines,
  rule: '———',
};
