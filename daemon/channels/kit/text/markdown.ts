import type { MarkdownIt, Token } from 'markdown-it';
import { linkAddress } from './escape.ts';
import { cutToBytes } from './text.ts';

/** Bytes of Markdown that are parsed; limits the work for any input. */
const MAX_SOURCE_BYTES = 64 * 1024;

let parser: MarkdownIt | undefined;

/** Loads the parser, which takes 35 ms, with the first message in Markdown instead of at the start. `defineChannel` awaits it before each such message. */
export async function loadMarkdown(): Promise<void> {
  if (parser !== undefined) return;
  const { default: Parser } = await import('markdown-it');
  // Tables stay text, because no dialect can show them.
  const made = new Parser({ html: false, linkify: true }).disable('table');
  made.inline.State = withCjkEmphasis(made.inline.State);
  made.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  for (const schema of ['ftp:', '//', 'mailto:']) made.linkify.add(schema, null);
  for (const schema of ['http:', 'https:']) made.linkify.add(schema, { validate: lengthOfAddress });
  // `linkAddress` checks addresses; an invalid one is shown as text.
  made.validateLink = () => true;
  made.normalizeLink = (address) => address;
  made.normalizeLinkText = (address) => address;
  // Addresses without escapes are found before emphasis, those with escapes after it, when escaped characters have become text:
  // `https://ci.test/__a__` and `https://ci.test/a\_b` are both whole addresses.
  made.core.ruler.before('linkify', 'escapes', ({ tokens }) => tokens.forEach(joinEscapes));
  parser = made;
}

/** Chinese, Japanese and Korean characters and their punctuation. */
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303F\uFF00-\uFFEF]/u;

/**
 * CommonMark does not close the emphasis of `**注意：**请检查`, since it expects blanks between words. Beside a CJK character only a blank
 * keeps a mark from opening or closing.
 */
function withCjkEmphasis(State: MarkdownIt['inline']['State']): MarkdownIt['inline']['State'] {
  return class extends State {
    override scanDelims(start: number, canSplitWord: boolean) {
      const scanned = super.scanDelims(start, canSplitWord);
      const before = this.src[start - 1] ?? ' ';
      const after = this.src[start + scanned.length] ?? ' ';
      if (!canSplitWord || !(CJK.test(before) || CJK.test(after))) return scanned;
      return { ...scanned, can_open: /\S/.test(after), can_close: /\S/.test(before) };
    }
  };
}

/** A backslash, or a character by its number. */
const ESCAPE = /\\|&#\d{1,7};/;

/** Length of the address at `at`, after its scheme; 0 for an address that still has escapes. */
function lengthOfAddress(text: string, at: number, { re }: MarkdownIt['linkify']): number {
  const address = re.get_http_validator();
  address.lastIndex = at;
  const found = address.exec(text)?.[0] ?? '';
  return ESCAPE.test(found) ? 0 : found.length;
}

function joinEscapes(block: Token): void {
  const joined: Token[] = [];
  for (const token of block.children ?? []) {
    const previous = joined.at(-1);
    if (token.type === 'text_special') token.type = 'text';
    if (token.type === 'text' && previous?.type === 'text') previous.content += token.content;
    else joined.push(token);
  }
  if (block.children === null) return;
  block.children = joined;
  // The rule `linkify` skips a block in whose content it finds no address.
  block.content = joined.map(({ content }) => content).join(' ');
}

export interface Link {
  /** Label in the dialect. */
  readonly label: string;
  readonly plainLabel: string;
  /** Address that is safe in a link of any dialect; undefined when it is neither http nor https. */
  readonly address: string | undefined;
  /** Address as it was written. */
  readonly target: string;
}

/** Forms of the constructs of Markdown for one provider. `plain` texts are not escaped; `inner` is in the dialect already. */
export interface Dialect {
  text(plain: string): string;
  strong(inner: string): string;
  emphasis(inner: string): string;
  strike(inner: string): string;
  code(plain: string): string;
  link(link: Link): string;
  readonly lineBreak: string;
  paragraph(inner: string): string;
  heading(inner: string, level: number): string;
  /** `language` is a word, or empty. */
  codeBlock(plain: string, language: string): string;
  quote(inner: string): string;
  /** `first` is the number of the first item; undefined without numbers. */
  list(items: readonly string[], first: number | undefined): string;
  readonly rule: string;
  /** Text between blocks; undefined keeps the blank lines of the source. */
  readonly gap?: string;
}

/** Converts Markdown (CommonMark without HTML and tables) to the dialect of a provider. */
export function renderMarkdown(markdown: string, dialect: Dialect): string {
  if (parser === undefined) throw new Error('the Markdown parser is not loaded: await loadMarkdown() first');
  return blocks(parser.parse(cutToBytes(markdown, MAX_SOURCE_BYTES), {}), dialect);
}

/** Tokens from an opening one to its closing one, or a single token. */
interface Block {
  readonly open: Token;
  readonly inside: readonly Token[];
}

function blocksOf(tokens: readonly Token[]): Block[] {
  const found: Block[] = [];
  let depth = 0;
  let start = 0;
  tokens.forEach((token, index) => {
    if (depth === 0) start = index;
    depth += token.nesting;
    if (depth === 0) found.push({ open: tokens[start]!, inside: tokens.slice(start + 1, index) });
  });
  return found;
}

function blocks(tokens: readonly Token[], dialect: Dialect): string {
  let text = '';
  let end = 0;
  for (const { open, inside } of blocksOf(tokens)) {
    const [from, to] = open.map ?? [end, end];
    const gap = dialect.gap ?? (from > end ? '\n\n' : '\n');
    const rendered = renderBlock(open, inside, dialect);
    text += text === '' ? rendered : gap + rendered;
    // The lines of a list include blank ones after it; those of its last paragraph do not.
    end = inside.findLast(({ map }) => map !== null)?.map?.[1] ?? to;
  }
  return text;
}

function renderBlock(open: Token, inside: readonly Token[], dialect: Dialect): string {
  switch (open.type) {
    case 'inline':
      return inline(open.children ?? [], dialect);
    case 'paragraph_open':
      return open.hidden ? blocks(inside, dialect) : dialect.paragraph(blocks(inside, dialect));
    case 'heading_open':
      return dialect.heading(blocks(inside, dialect), Number(open.tag.slice(1)));
    case 'blockquote_open':
      return dialect.quote(blocks(inside, dialect));
    case 'bullet_list_open':
    case 'ordered_list_open': {
      const items = blocksOf(inside).map((item) => blocks(item.inside, dialect));
      return dialect.list(items, open.type === 'bullet_list_open' ? undefined : Number(open.attrGet('start') ?? 1));
    }
    case 'fence':
    case 'code_block':
      return dialect.codeBlock(open.content.replace(/\n$/, ''), /^[\w+-]{1,30}/.exec(open.info)?.[0] ?? '');
    case 'hr':
      return dialect.rule;
    default:
      return dialect.text(open.content);
  }
}

const MARKS = { strong_open: 'strong', em_open: 'emphasis', s_open: 'strike' } as const;

function inline(tokens: readonly Token[], dialect: Dialect): string {
  return blocksOf(tokens)
    .map(({ open, inside }) => {
      switch (open.type) {
        case 'strong_open':
        case 'em_open':
        case 's_open':
          return dialect[MARKS[open.type]](inline(inside, dialect));
        case 'code_inline':
          return dialect.code(open.content);
        case 'softbreak':
        case 'hardbreak':
          return dialect.lineBreak;
        case 'link_open':
          return linkOf(`${open.attrGet('href') ?? ''}`, inside, dialect);
        case 'image':
          return linkOf(`${open.attrGet('src') ?? ''}`, open.children ?? [], dialect);
        default:
          return dialect.text(open.content);
      }
    })
    .join('');
}

function linkOf(target: string, label: readonly Token[], dialect: Dialect): string {
  const plainLabel = plainOf(label);
  const isEmpty = plainLabel === '';
  return dialect.link({
    label: isEmpty ? dialect.text(target) : inline(label, dialect),
    plainLabel: isEmpty ? target : plainLabel,
    address: linkAddress(target),
    target,
  });
}

const plainOf = (tokens: readonly Token[]): string =>
  tokens
    .map(({ type, content, children }) =>
      type.endsWith('break') ? ' ' : children === null ? content : plainOf(children),
    )
    .join('');
