/** Mail with unfolded and decoded headers, and decoded parts. */
export interface ParsedMail {
  /** By lower-case name; a header that comes twice has both values, one a line. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  /** Text of the mail before decoding. */
  readonly source: string;
}

export function parseMail(source: string): ParsedMail {
  const { headers, body } = partOf(source);
  const parts = flatten(headers, body);
  const find = (type: string): string => parts.find((part) => part.type.startsWith(type))?.content ?? '';
  return { headers, text: find('text/plain'), html: find('text/html'), source };
}

function partOf(source: string): { headers: Record<string, string>; body: string } {
  const end = source.indexOf('\r\n\r\n');
  const head = source.slice(0, end).replace(/\r\n[ \t]+/g, ' ');
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = decodeWords(line.slice(colon + 1).trim());
    headers[name] = headers[name] === undefined ? value : `${headers[name]}\n${value}`;
  }
  return { headers, body: source.slice(end + 4) };
}

function flatten(headers: Record<string, string>, body: string): { type: string; content: string }[] {
  const type = headers['content-type'] ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary === undefined) return [{ type, content: decodeBody(headers['content-transfer-encoding'] ?? '', body) }];
  return body
    .split(`--${boundary}`)
    .slice(1, -1)
    .flatMap((part) => {
      const inner = partOf(part.replace(/^\r\n/, ''));
      return flatten(inner.headers, inner.body.replace(/\r\n$/, ''));
    });
}

function decodeBody(encoding: string, body: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return body;
  return Buffer.from(quotedBytes(body.replace(/=\r\n/g, '')), 'latin1').toString('utf8');
}

const quotedBytes = (text: string): string =>
  text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Decodes encoded words (RFC 2047). */
function decodeWords(text: string): string {
  return text.replace(/(\?=)\s+(=\?)/g, '$1$2').replace(/(?:=\?utf-8\?[QB]\?[^?]*\?=)+/gi, (words) => {
    const bytes = [...words.matchAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi)].map(([, encoding, word = '']) =>
      encoding!.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64')
        : Buffer.from(quotedBytes(word.replaceAll('_', ' ')), 'latin1'),
    );
    return Buffer.concat(bytes).toString('utf8');
  });
}
