import { Composer, type Document, Lexer, Parser, type YAMLParseError } from 'yaml';
import { convert, MAX_DEPTH, type Issue, type SourceRange } from './convert.ts';
import { explainYaml } from './errors.ts';

/**
 * Result of a parse: plain data, so that it can be posted from a worker. `ranges` has the form of `data`; `aliased` counts the values
 * from aliases. `stage`: after an error of syntax the content was not checked.
 */
export type Parsed =
  | {
      readonly ok: true;
      readonly data: unknown;
      readonly ranges: SourceRange;
      readonly aliased: number;
      /** Parts of texts that YAML drops without an error. */
      readonly losses: readonly Issue[];
    }
  | { readonly ok: false; readonly stage: 'syntax' | 'content'; readonly issues: readonly Issue[] };

/** Tokens of some 30,000 rules; they take half a gigabyte. */
export const MAX_TOKENS = 1_500_000;
const MAX_ISSUES = 50;

/**
 * Parses YAML 1.2 to plain data. Nesting is limited on the token stack of the parser, which does not recurse, before the composer,
 * which does: hostile nesting would otherwise exhaust the stack, which can end the process. `depth`: level of a piece in its
 * file.
 */
export function parseYaml(text: string, depth = 0): Parsed {
  const forbidden = forbiddenCharacter(text);
  if (forbidden !== undefined) return { ok: false, stage: 'syntax', issues: [forbidden] };
  const composed = compose(text, depth);
  if (!composed.ok) return composed;
  const [document, second] = composed.documents;
  const issues = composed.documents.flatMap(({ errors, warnings }) =>
    [...errors, ...warnings].map((error) => issueOf(error, text)),
  );
  if (second !== undefined) {
    const offset = second.contents?.range[0] ?? second.range[0];
    issues.push({
      offset,
      code: 'yaml.documents',
      message: 'a second document begins here',
      mend: 'remove the `---`, or put the document into another file',
    });
  }
  if (document === undefined || issues.length > 0)
    return { ok: false, stage: 'syntax', issues: issues.slice(0, MAX_ISSUES) };
  const converted = convert(document.contents, depth);
  const { data, range, aliased, issues: found } = converted;
  return found.length > 0
    ? { ok: false, stage: 'content', issues: found.slice(0, MAX_ISSUES) }
    : { ok: true, data, ranges: range, aliased, losses: lossesOf(text, converted) };
}

/** Readable part of a text that does not parse: plain data, perhaps incomplete or wrong. Undefined when nothing can be read. */
export function parseLoosely(text: string): unknown {
  const composed = compose(text, 0);
  const contents = composed.ok ? composed.documents[0]?.contents : undefined;
  return contents ? convert(contents, 0).data : undefined;
}

function lossesOf(text: string, { comments, anchored, aliases }: ReturnType<typeof convert>): readonly Issue[] {
  const mend = "put the whole text in quotes: `'...'`";
  return [
    ...comments.map((end) => ({
      offset: text.indexOf('#', end),
      code: 'yaml.comment',
      message: 'a comment begins here; it is not part of the text before it',
      mend: `${mend}; or put a space after the \`#\``,
    })),
    ...[...anchored]
      .filter(([name]) => !aliases.has(name))
      .map(([name, offset]) => ({
        offset: text.indexOf(`&${name}`, offset),
        code: 'yaml.anchor',
        message: 'this is an anchor to which nothing refers; it is not part of the text after it',
        mend: `${mend}; or remove it`,
      })),
  ];
}

type Composed = { readonly ok: true; readonly documents: readonly Document.Parsed[] } | Extract<Parsed, { ok: false }>;

function compose(text: string, depth: number): Composed {
  const parser = new Parser();
  // `convert` finds duplicate keys: the search of the composer takes quadratic time.
  const composer = new Composer({ uniqueKeys: false, strict: true, stringKeys: false, version: '1.2' });
  const documents: Document.Parsed[] = [];
  let offset = 0;
  let tokens = 0;
  const refuse = (issue: Omit<Issue, 'offset'>): Composed => ({
    ok: false,
    stage: 'syntax',
    issues: [{ offset, ...issue }],
  });
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive') {
        return refuse({
          code: 'yaml.directive',
          message: 'YAML directives are not read',
          mend: 'remove the line; the file is YAML 1.2',
        });
      }
      for (const document of composer.next(token)) documents.push(document);
    }
    if (parser.stack.length > MAX_DEPTH + 2 - depth) {
      return refuse({
        code: 'yaml.too_deep',
        message: `nested deeper than ${MAX_DEPTH} levels`,
        mend: 'make it flatter',
      });
    }
    tokens += 1;
    if (tokens > MAX_TOKENS) {
      return refuse({
        code: 'yaml.too_large',
        message: 'more values than one file should have',
        mend: 'split it into several files',
      });
    }
    offset += lexeme.length;
  }
  for (const token of parser.end()) for (const document of composer.next(token)) documents.push(document);
  for (const document of composer.end(true, text.length)) documents.push(document);
  return { ok: true, documents };
}

function issueOf(error: Pick<YAMLParseError, 'code' | 'pos'>, text: string): Issue {
  const explanation = explainYaml(error.code);
  // The parser reports wrong indentation at the beginning of the line; the first word is easier to see.
  const blank =
    explanation.code === 'yaml.indent' ? /^ */.exec(text.slice(error.pos[0], error.pos[0] + 1000))![0].length : 0;
  return { offset: error.pos[0] + blank, ...explanation };
}

/** Issue for the first character that YAML forbids, or that makes a file look different from its content. */
function forbiddenCharacter(text: string): Issue | undefined {
  // oxlint-disable-next-line no-control-regex
  const offset = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/);
  if (offset < 0) return undefined;
  const code = text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, '0');
  return {
    offset,
    code: 'yaml.control_character',
    message: `this is a control character (U+${code})`,
    mend: 'remove it, or write it in double quotes as an escape',
  };
}
