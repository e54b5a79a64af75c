/** An entry that is written plainly; `item` is what it says. */
export interface PlainEntry {
  readonly item: unknown;
}

interface Line {
  readonly indent: number;
  readonly text: string;
}

/** Thrown at whatever is not plain; always the same one, because most that is thrown is not worth a stack. */
const NOT_PLAIN = new Error('not plain');
/** Far from what YAML itself refuses here. */
const DEEPEST = 20;

const KEY = /^([A-Za-z_][\w./-]{0,200}):(?: (.+))?$/;
const KEY_IN_FLOW = /([A-Za-z_][\w./-]{0,200}): +/y;
const SPACES = / */y;
const QUOTED = /"([^"\\]*)"/y;
const WORDS = /\w[\w./-]*(?: [\w./-]+)*/y;
const SPECIAL_WORD = /^(?:true|false|null)$/i;
const NUMBER = /^(?:0|[1-9]\d{0,14})$/;
/** `10m`, `1h30m`, `20/1m` */
const QUANTITY = /^[1-9]\d*[/dhms][\w/]*$/;

/**
 * Reads an entry of `rules:` in the plain part of YAML that most rules are written in: maps, lists, words, numbers, double
 * quotes without escapes, each value on one line. Undefined for all else, which the YAML library reads; this is only ten times
 * faster, and says the same wherever it says anything.
 */
export function readPlainEntry(text: string): PlainEntry | undefined {
  try {
    const list = new PlainReader(linesOf(text)).all();
    return list.length === 1 ? { item: list[0] } : undefined;
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

/** Less blank ones and comments. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    let indent = 0;
    while (line[indent] === ' ') indent += 1;
    if (indent < line.length && line[indent] !== '#') lines.push({ indent, text: line.slice(indent) });
  }
  return lines;
}

class PlainReader {
  readonly #lines: Line[];
  #line = 0;
  /** What is being read of a line, and how far it has been read. */
  #text = '';
  #at = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  all(): readonly unknown[] {
    const first = this.#lines[0];
    if (first === undefined || !first.text.startsWith('- ')) throw NOT_PLAIN;
    const list = this.#list(first.indent, 1);
    if (this.#line < this.#lines.length) throw NOT_PLAIN;
    return list;
  }

  /** The next line if it belongs to a block that is indented so far. */
  #next(indent: number): Line | undefined {
    const line = this.#lines[this.#line];
    if (line === undefined || line.indent < indent) return undefined;
    if (line.indent > indent) throw NOT_PLAIN;
    return line;
  }

  #block(indent: number, depth: number): unknown {
    if (depth > DEEPEST) throw NOT_PLAIN;
    return this.#lines[this.#line]!.text.startsWith('- ') ? this.#list(indent, depth) : this.#map(indent, depth);
  }

  #list(indent: number, depth: number): unknown[] {
    const items: unknown[] = [];
    for (let line = this.#next(indent); line !== undefined; line = this.#next(indent)) {
      if (!line.text.startsWith('- ')) throw NOT_PLAIN;
      const text = line.text.slice(2);
      if (text.startsWith('- ') || KEY.test(text)) {
        // What stands behind the dash begins a block of its own.
        this.#lines[this.#line] = { indent: indent + 2, text };
        items.push(this.#block(indent + 2, depth + 1));
      } else items.push(this.#inline(text, depth));
    }
    return items;
  }

  #map(indent: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let line = this.#next(indent); line !== undefined; line = this.#next(indent)) {
      const [, key = '', text] = KEY.exec(line.text) ?? [];
      checkKey(map, key);
      if (text !== undefined) map[key] = this.#inline(text, depth);
      else {
        this.#line += 1;
        const below = this.#lines[this.#line];
        if (below === undefined || below.indent <= indent) throw NOT_PLAIN;
        map[key] = this.#block(below.indent, depth + 1);
      }
    }
    return map;
  }

  #inline(text: string, depth: number): unknown {
    this.#text = text;
    this.#at = 0;
    const value = this.#value(depth);
    if (this.#at < text.length) throw NOT_PLAIN;
    this.#line += 1;
    return value;
  }

  #value(depth: number): unknown {
    if (depth > DEEPEST) throw NOT_PLAIN;
    switch (this.#text.charAt(this.#at)) {
      case '"':
        return this.#take(QUOTED)[1]!;
      case '{':
        return this.#flowMap(depth);
      case '[':
        return this.#flowList(depth);
      default:
        return valueOf(this.#take(WORDS)[0]);
    }
  }

  #flowMap(depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    this.#members('}', () => {
      const key = this.#take(KEY_IN_FLOW)[1]!;
      checkKey(map, key);
      map[key] = this.#value(depth + 1);
    });
    return map;
  }

  #flowList(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#members(']', () => items.push(this.#value(depth + 1)));
    return items;
  }

  #members(end: '}' | ']', read: () => void): void {
    this.#at += 1;
    this.#take(SPACES);
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      read();
      this.#take(SPACES);
      const mark = this.#text[this.#at];
      this.#at += 1;
      if (mark === end) return;
      if (mark !== ',') throw NOT_PLAIN;
      this.#take(SPACES);
    }
  }

  #take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw NOT_PLAIN;
    this.#at = pattern.lastIndex;
    return found;
  }
}

function checkKey(map: object, key: string): void {
  if (key === '' || key === '__proto__' || SPECIAL_WORD.test(key) || Object.hasOwn(map, key)) throw NOT_PLAIN;
}

function valueOf(words: string): unknown {
  if (/^\d/.test(words)) {
    if (NUMBER.test(words)) return Number(words);
    if (QUANTITY.test(words)) return words;
    throw NOT_PLAIN;
  }
  if (!SPECIAL_WORD.test(words)) return words;
  if (words === 'true' || words === 'false') return words === 'true';
  throw NOT_PLAIN;
}
