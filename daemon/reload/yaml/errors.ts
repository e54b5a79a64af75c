import type { ErrorCode } from 'yaml';

export interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

const explanation = (code: string, message: string, mend: string): Explanation => ({
  code: `yaml.${code}`,
  message,
  mend,
});

const SYNTAX = explanation(
  'syntax',
  'this is not YAML',
  'look at the indentation, colons, brackets and quotes on this line and the one before',
);

/** Messages for the errors of the parser. Its own messages quote the text at the error, which may be a secret. */
const EXPLANATIONS: Readonly<Partial<Record<ErrorCode, Explanation>>> = {
  ALIAS_PROPS: explanation('alias', 'an alias cannot have an anchor or a tag', 'remove it'),
  BAD_ALIAS: explanation(
    'alias',
    'this is not the name of an anchor',
    'write `*name` for an earlier `&name`, or put the text in quotes',
  ),
  BAD_DIRECTIVE: explanation('directive', 'YAML directives are not read', 'remove the line; the file is YAML 1.2'),
  BAD_DQ_ESCAPE: explanation(
    'escape',
    'double quotes do not know this escape',
    String.raw`write a backslash as \\, or use single quotes`,
  ),
  BAD_INDENT: explanation(
    'indent',
    'the indentation does not fit',
    'begin the entries of a list or map in one column, deeper than their parent; or close a bracket that is still open',
  ),
  BAD_PROP_ORDER: explanation('syntax', 'anchors and tags come before the value on its line', 'move it'),
  BAD_SCALAR_START: explanation('quote', 'text cannot begin with this character', 'put the text in quotes'),
  BLOCK_AS_IMPLICIT_KEY: explanation(
    'syntax',
    'a map cannot begin on the line of another key',
    'put it on the next lines, or the text in quotes',
  ),
  BLOCK_IN_FLOW: explanation(
    'syntax',
    'lists and maps within brackets need brackets too',
    'use `[...]` and `{...}` inside, or lines and indentation instead of the outer brackets',
  ),
  DUPLICATE_KEY: explanation('duplicate_key', 'this key occurs twice', 'remove one of them'),
  KEY_OVER_1024_CHARS: explanation(
    'key',
    'the key is too long',
    'keys have at most 1024 characters; is a quote missing?',
  ),
  MISSING_CHAR: explanation(
    'syntax',
    'a closing quote or bracket, a comma, a colon or a space is missing',
    'look at this line and the one before',
  ),
  MULTILINE_IMPLICIT_KEY: explanation(
    'syntax',
    'a key must be on one line',
    'is a colon, a quote or a bracket missing?',
  ),
  MULTIPLE_ANCHORS: explanation('anchor', 'a value can have one anchor', 'remove the others'),
  MULTIPLE_DOCS: explanation(
    'documents',
    'a second document begins here',
    'remove the `---`, or put the document into another file',
  ),
  MULTIPLE_TAGS: explanation('tag', 'a value can have one tag', 'remove the others'),
  NON_STRING_KEY: explanation('key', 'a key must be text', 'put it in quotes'),
  RESOURCE_EXHAUSTION: explanation('too_deep', 'nested too deeply', 'make it flatter'),
  TAB_AS_INDENT: explanation('tab', 'a tab cannot indent', 'use spaces'),
  TAG_RESOLVE_FAILED: explanation(
    'tag',
    'tags like `!this` are not read',
    'remove the tag; for secrets write `${env:NAME}`',
  ),
};

export function explainYaml(code: ErrorCode): Explanation {
  return EXPLANATIONS[code] ?? SYNTAX;
}
