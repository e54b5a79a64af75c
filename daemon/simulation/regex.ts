import { RE2JS } from 're2js';

/** What is wrong with an RE2 expression; undefined when nothing is. */
export function compileRegex(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return `this is no RE2 expression: ${(error as Error).message}`;
  }
}
