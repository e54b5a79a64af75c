import { escapeFor } from '../../../core/message/escape.ts';

/** Escape functions for text from an event in the markup of providers. */

const LOOKALIKES: Readonly<Record<string, string>> = {
  '<': '＜',
  '>': '＞',
  '[': '［',
  ']': '］',
  '*': '＊',
  '`': '｀',
  '|': '｜',
  '#': '＃',
  '&': '＆',
  '-': '－',
  '=': '＝',
  _: '＿',
};

/**
 * Escapes text for a dialect of Markdown without an escape character: a character that could begin a tag, a mention, a
 * link, an image, code or emphasis is replaced by its full-width form, which looks similar and has no meaning. `#` and `>` are
 * replaced only at the beginning of a line, and `-`, `=` and `_` in a line of their own, which draws a rule or makes a heading.
 */
export function lookalikes(text: string): string {
  return text
    .replace(/[<[\]*`|]/g, (character) => LOOKALIKES[character]!)
    .replace(/^([^\S\n]*)([#>])/gm, (_, space: string, character: string) => space + LOOKALIKES[character]!)
    .replace(
      /^([^\S\n]*)([-=_])(?=(?:\2|[^\S\n])*$)/gm,
      (_, space: string, character: string) => space + LOOKALIKES[character]!,
    )
    .replace(/&(?=#?\w{1,10};)/g, LOOKALIKES['&']!);
}

/** Text in which Markdown breaks each line: at two spaces before a line feed. */
export const withLineBreaks = (text: string): string => text.replace(/\r\n?|\n/g, '  \n');

/** Address for a link: http or https, with every character encoded that could end the link. Undefined for any other text. */
export function linkAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  return url.href.replace(
    /[()<>[\]"'`\\*|\s]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Escapes text for Slack and Telegram, where these three characters begin all markup. */
export const ampersandEntities = (text: string): string =>
  text.replace(/[&<>]/g, (character) => (character === '&' ? '&amp;' : character === '<' ? '&lt;' : '&gt;'));

/** Addresses and characters to escape. Addresses stay unchanged, because a backslash would break the link. */
const DISCORD = /https?:\/\/[^\s<>()[\]*`|\\~]+|[\\*_~`|<>[\]]|^([^\S\n]*)([#+-]|\d+[.)])/gm;

/** Escapes text for Discord by backslashes. https://support.discord.com/hc/en-us/articles/210298617 */
export const discordEscapes = (text: string): string =>
  text.replace(DISCORD, (found, space?: string, mark?: string) => {
    if (mark !== undefined) return `${space}${mark.slice(0, -1)}\\${mark.slice(-1)}`;
    return found.length > 1 ? found : `\\${found}`;
  });

/** Escapes text for Telegram. An invisible space after `@` keeps `@name` from mentioning a person; an e-mail address stays unchanged. */
export const telegramText = (text: string): string =>
  ampersandEntities(text).replace(/(?<![\w.-])@(?=\w|$)/gm, '@\u200B');

/** Adds an invisible space after each `@` that does not belong to an e-mail address, so that the name after it is not mentioned. */
export const withoutMentions = (text: string): string => text.replace(/(?<![a-z0-9])@/gi, '@\u200B');

/** Escapes text for Markdown in which `<` begins a mention or a link also after a backslash. */
export const markdownWithEntities = (text: string): string =>
  escapeFor(text, 'markdown').replaceAll(String.raw`\<`, '&lt;');
