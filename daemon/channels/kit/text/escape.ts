/** Ways to make text from an event harmless in the markup of a provider. */

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
};

/**
 * Makes text harmless in a dialect of Markdown that has no escape character: a character that could begin a tag, a mention, a
 * link, an image, code or emphasis becomes its full-width twin, which reads the same and means nothing. `#` and `>` are
 * replaced only where a line begins.
 */
export function lookalikes(text: string): string {
  return text
    .replace(/[<[\]*`|]/g, (character) => LOOKALIKES[character]!)
    .replace(/^([^\S\n]*)([#>])/gm, (_, space: string, character: string) => space + LOOKALIKES[character]!)
    .replace(/&(?=#?\w{1,10};)/g, LOOKALIKES['&']!);
}

/** Address that may stand in a link: http or https, with nothing in it that could end the link. Undefined for any other text. */
export function linkAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  return url.href.replace(
    /[()<>[\]"'`\\*|\s]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Slack and Telegram: three characters begin everything that is not plain text. */
export const ampersandEntities = (text: string): string =>
  text.replace(/[&<>]/g, (character) => (character === '&' ? '&amp;' : character === '<' ? '&lt;' : '&gt;'));

/** Addresses stay as they are: a backslash in one would break the link. */
const DISCORD = /https?:\/\/[^\s<>()[\]*`|\\~]+|[\\*_~`|<>[\]]|^([^\S\n]*)([#+-]|\d+[.)])/gm;

/** Discord: a backslash before a character makes it plain. https://support.discord.com/hc/en-us/articles/210298617 */
export const discordEscapes = (text: string): string =>
  text.replace(DISCORD, (found, space?: string, mark?: string) => {
    if (mark !== undefined) return `${space}${mark.slice(0, -1)}\\${mark.slice(-1)}`;
    return found.length > 1 ? found : `\\${found}`;
  });

/** Telegram calls a person wherever `@name` stands: between the two nothing is seen. An e-mail address stays as it is. */
export const telegramText = (text: string): string =>
  ampersandEntities(text).replace(/(?<![\w.-])@(?=\w|$)/gm, '@\u200B');
