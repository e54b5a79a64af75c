import type { ErrorCode } from 'yaml';

export interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

const say = (code: string, message: string, mend: string): Explanation => ({ code: `yaml.${code}`, message, mend });

const SYNTAX = say(
  'syntax',
  'this is not YAML',
  'look at the indentation, colons, brackets and quotes on this line and the one before',
);

/** Messages for the errors of the parser. Its own messages quote the text at the error, which may be a secret. */
const EXPLANATIONS: Readonly<Partial<Record<ErrorCode, Explanation>>> = {
  ALIAS_PROPS: say('alias', 'an alias cannot have an anchor or a tag', 'remove it'),
  BAD_ALIAS: say(
    'alias',
    'this is not the name of an anchor',
    'write `*name` for an earlier `&name`, or put the text in quotes',
  ),
  BAD_DIRECTIVE: say('directive', 'YAML directives are not read', 'remove the line; the file is YAML 1.2'),
  BAD_DQ_ESCAPE: say(
    'escape',
    'double quotes do not know this escape',
    String.raw`write a backslash as \\, or use single quotes`,
  ),
  BAD_INDENT: say(
    'indent',
    'the indentation does not fit',
    'begin what belongs together in one column, deeper than its parent; or close a bracket that is still open',
  ),
  BAD_PROP_ORDER: say('syntax', 'anchors and tags come before the value on its line', 'move it'),
  BAD_SCALAR_START: say('quote', 'text cannot begin with this character', 'put the text in quotes'),
  BLOCK_AS_IMPLICIT_KEY: say(
    'syntax',
    'a map cannot begin on the line of another key',
    'put it on lines of its own, or the text in quotes',
  ),
  BLOCK_IN_FLOW: say(
    'syntax',
    'within brackets everything is in brackets',
    'use `[...]` and `{...}` inside, or lines and indentation outside',
  ),
  DUPLICATE_KEY: say('duplicate_key', 'this key is there twice', 'remove one of them'),
  KEY_OVER_1024_CHARS: say('key', 'the key is too long', 'keys have at most 1024 characters; is a quote missing?'),
  MISSING_CHAR: say(
    'syntax',
    'a closing quote or bracket, a comma, a colon or a space is missing',
    'look at this line and the one before',
  ),
  MULTILINE_IMPLICIT_KEY: say('syntax', 'a key must be on one line', 'is a colon, a quote or a bracket missing?'),
  MULTIPLE_ANCHORS: say('anchor', 'a value can have one anchor', 'remove the others'),
  MULTIPLE_DOCS: say(
    'documents',
    'a second document begins here',
    'remove the `---`, or put it into a file of its own',
  ),
  MULTIPLE_TAGS: say('tag', 'a value can have one tag', 'remove the others'),
  NON_STRING_KEY: say('key', 'a key must be text', 'put it in quotes'),
  RESOURCE_EXHAUSTION: say('too_deep', 'nested too deeply', 'make it flatter'),
  TAB_AS_INDENT: say('tab', 'a tab cannot indent', 'use spaces'),
  TAG_RESOLVE_FAILED: say('tag', 'tags like `!this` are not read', 'remove the tag; for secrets write `${env:NAME}`'),
};

export function explainYaml(code: ErrorCode): Explanation {
  return EXPLANATIONS[code] ?? SYNTAX;
}
