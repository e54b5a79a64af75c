import type { Template } from '../ruleset.ts';

/** Resolves a path: a relative one starts at the folder of the file that contains it. */
export type Absolute = (path: string) => string;

/** URL, which is not a path. */
const URL_TEXT = /^[a-z][a-z\d+.-]*:\/\//i;
const SPECIAL_IN_GLOBS = /[\\*?[\]{}()!+@|]/g;

/** Resolves a relative glob. `~` at the beginning is expanded later, and `!` at the beginning is an error that is reported later. */
export function absoluteGlob(text: string, absolute: Absolute): string {
  if (/^[/!]|^~(?:\/|$)/.test(text)) return text;
  return globBelow(absolute('.'), text);
}

/** Puts a folder before a relative glob. */
export function globBelow(folder: string, glob: string): string {
  return `${folder === '/' ? '' : folder.replace(SPECIAL_IN_GLOBS, String.raw`\$&`)}/${glob}`;
}

/** Resolves a path, which contains a slash, and leaves a name (such as that of a sound) unchanged. */
export function absoluteUnlessName(text: string, absolute: Absolute): string {
  return text.includes('/') ? absolute(text) : text;
}

/** Resolves the path to which a template renders. URLs and empty texts stay unchanged. */
export function absoluteTemplate(template: Template, absolute: Absolute): Template {
  if (template.source.startsWith('/') || URL_TEXT.test(template.source)) return template;
  return withText(template, (text) => (text === '' || URL_TEXT.test(text) ? text : absolute(text)));
}

/**
 * Resolves an element of an argument list if the rules write it as a path: a program with a slash, or an argument that begins with
 * `./` or `../`. A program without a slash is looked up on PATH. A value from an event never makes an element a path.
 */
export function absoluteArgument(template: Template, absolute: Absolute, pointer: string): Template {
  const { source } = template;
  const isProgram = pointer.endsWith('/0') && /^[^{/]*\//.test(source);
  if (!isProgram && !/^\.\.?\//.test(source)) return template;
  // To many programs a slash at the end has a meaning.
  return withText(template, (text) => absolute(text) + (text.endsWith('/') ? '/' : ''));
}

function withText(template: Template, change: (text: string) => string): Template {
  return {
    source: template.source,
    render(variables, escape) {
      const rendered = template.render(variables, escape);
      return rendered.error === undefined ? { text: change(rendered.text) } : rendered;
    },
  };
}
