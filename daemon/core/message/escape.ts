import type { Format } from './message.ts';

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const ESCAPES: Readonly<Record<Format, (text: string) => string>> = {
  text: (text) => text,
  html: (text) => text.replace(/[&<>"']/g, (character) => HTML[character]!),
  // CommonMark 0.31, 2.4: a backslash before ASCII punctuation makes it literal. Characters with a meaning only at the start of a
  // line are escaped only there, so that ordinary text stays readable in channels that show the Markdown source.
  markdown: (text) =>
    text
      .replace(/[\\`*_[\]<>|~&!]/g, String.raw`\$&`)
      .replace(/^([^\S\n]*)([#+=-])/gm, String.raw`$1\$2`)
      .replace(/^([^\S\n]*\d+)([.)])/gm, String.raw`$1\$2`),
};

/** Escapes a value from an event for the markup of `format`, in channels without a dialect of their own. */
export function escapeFor(text: string, format: Format): string {
  return ESCAPES[format](text);
}
