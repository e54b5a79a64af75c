import { CST, isPair, isScalar, Lexer, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { parseJson } from '../core/values/json.ts';

/** Value of a JSON text, or the position of its first error; lines and columns count from 1. */
export type ReadJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly message: string };

/** Reads JSON. The error of `JSON.parse` has a position only in some cases, so the YAML library, which reads JSON too, finds it. */
export function readJsonText(given: string): ReadJson {
  const text = given.replace(/^\uFEFF/, '');
  try {
    return { ok: true, value: parseJson(text) };
  } catch {
    const lines = new LineCounter();
    const at = firstErrorIn(text, lines);
    const { line, col } = lines.linePos(at);
    const found = /^[^\s,:{}[\]"]+|^[^]/u.exec(text.slice(at, at + 40))?.[0];
    return {
      ok: false,
      line,
      column: col,
      message: found === undefined ? 'it ends too early' : `${JSON.stringify(found)} does not belong here`,
    };
  }
}

/** Offset of the first character that cannot be JSON. */
function firstErrorIn(text: string, lineCounter: LineCounter): number {
  const document = parseDocument(text, {
    schema: 'json',
    version: '1.2',
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
  });
  const found = document.errors.map(({ pos: [start] }) => start + (LITERAL.exec(text.slice(start))?.[0].length ?? 0));
  visit(document, {
    Node: (_, node) => void found.push(...yamlOnlyIn(node as Node, text)),
    Pair: (_, { key, value }) => {
      if (isScalar(key) && isEmpty(value)) found.push(nextCharacter(text, key.range![1]));
    },
  });
  found.push(firstYamlToken(text));
  return Math.min(...found);
}

/** A literal of JSON and spaces: YAML reads `1 2` as one text, and the error is the second word. */
const LITERAL = /^(?:true|false|null|-?\d[\d.eE+-]*)\s+/;

const isEmpty = (value: unknown): boolean => value === null || (isScalar(value) && value.source === '');

/** Offsets in a collection of syntax that YAML allows and JSON does not: no brackets around it, a comma before the closing bracket. */
function yamlOnlyIn(node: Node, text: string): number[] {
  const [start, end] = node.range!;
  if (isPair(node) || !('items' in node)) return [];
  if (node.flow !== true) return [start];
  return /,\s*.$/.test(text.slice(start, end)) ? [end - 1] : [];
}

/** Skips spaces and the colon behind a key. */
const nextCharacter = (text: string, offset: number): number => offset + /^[\s:]*/.exec(text.slice(offset))![0].length;

const JSON_TOKENS: ReadonlySet<string | null> = new Set([
  'byte-order-mark',
  'space',
  'newline',
  'flow-map-start',
  'flow-map-end',
  'flow-seq-start',
  'flow-seq-end',
  'map-value-ind',
  'comma',
  'double-quoted-scalar',
  'scalar',
]);
/** Tokens that the lexer adds to mark a position; they are not part of the text. */
const MARKS: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/** Offset of the first token that JSON does not have, such as a comment; the end of the text when there is none. */
function firstYamlToken(text: string): number {
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    if (MARKS.has(token)) continue;
    // oxlint-disable-next-line no-control-regex
    if (/^"[^]*[\u0000-\u001F]/.test(token) || (offset < text.length && !isJsonToken(token))) return offset;
    offset += token.length;
  }
  return text.length;
}

/** A plain scalar is not known by its first character; the schema checks it. */
const isJsonToken = (token: string): boolean => JSON_TOKENS.has(CST.tokenType(token) ?? 'scalar');
