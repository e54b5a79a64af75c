import type { Template } from '../ruleset.ts';

/** Resolves a path as written: a relative one starts at the folder of the file that names it. */
export type Absolute = (path: string) => string;

/** A link, which is not a path. */
const LINK = /^[a-z][a-z\d+.-]*:\/\//i;
const SPECIAL_IN_GLOBS = /[\\*?[\]{}()!+@|]/g;

/** A glob whose relative form starts at that folder. `~` is left to the reader of the glob, and so is a leading `!`, which is an error. */
export function absoluteGlob(text: string, absolute: Absolute): string {
  if (/^[/!]|^~(?:\/|$)/.test(text)) return text;
  return globBelow(absolute('.'), text);
}

/** A relative glob, begun at a folder. */
export function globBelow(folder: string, glob: string): string {
  return `${folder === '/' ? '' : folder.replace(SPECIAL_IN_GLOBS, String.raw`\$&`)}/${glob}`;
}

/** The name of something (a sound of the theme), or a path, which has a slash. */
export function absoluteUnlessName(text: string, absolute: Absolute): string {
  return text.includes('/') ? absolute(text) : text;
}

/** A template that gives a path. Links and nothing at all stay as they are. */
export function absoluteTemplate(template: Template, absolute: Absolute): Template {
  if (template.source.startsWith('/') || LINK.test(template.source)) return template;
  return withText(template, (text) => (text === '' || LINK.test(text) ? text : absolute(text)));
}

/**
 * An element of an argument list. As written, a program with a slash is a path, and so is an argument that begins with `./` or
 * `../`; a program without a slash is looked up on PATH. What an event puts in place of a template never makes it a path.
 */
export function absoluteArgument(template: Template, absolute: Absolute, pointer: string): Template {
  const { source } = template;
  const isProgram = pointer.endsWith('/0') && /^[^{/]*\//.test(source);
  if (!isProgram && !/^\.\.?\//.test(source)) return template;
  // A slash at the end means something to many programs.
  return withText(template, (text) => absolute(text) + (text.endsWith('/') ? '/' : ''));
}

function withText(template: Template, change: (text: string) => string): Template {
  return {
    source: template.source,
    render(scope, escape) {
      const { text, error } = template.render(scope, escape);
      return error === undefined ? { text: change(text) } : { text, error };
    },
  };
}
