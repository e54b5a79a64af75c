/** One trick of an attacker who writes the text of an event. */
export interface Attack {
  readonly name: string;
  readonly text: string;
}

/** Attacks on the text of a message. Every channel type must show each of them as text. */
export const ATTACKS: readonly Attack[] = [
  { name: 'control characters', text: 'nul \u0000 beep \u0007 escape \u001B[31m' },
  { name: 'lone surrogates', text: 'lone \uD800 surrogates \uDC00 here' },
  { name: 'bidirectional overrides', text: 'bidi \u202Egnp.exe\u202C \u2066isolate\u2069' },
  {
    name: 'mentions',
    text: '@all @everyone @13800138000 <@all> <@U123> <!channel> <at id=all></at> <at user_id="all">x</at>',
  },
  {
    name: 'markup',
    text: '[click](javascript:alert(1)) ![x](http://evil.test/x.png) **bold** `code` <b>tag</b> <script>alert(1)</script>',
  },
  { name: 'a heading', text: '# heading' },
  { name: 'a quote', text: '> quote' },
  {
    name: 'quotes and shells',
    text: 'quotes " \' \\ and {"json": true} ${HOME} $(id) `id` ; id | id && id',
  },
  { name: 'a header', text: 'Bcc: victim@example.com' },
  { name: 'an end of the line and a header', text: 'x\r\nBcc: victim@example.com\r\n\r\n.\r\nDATA' },
  { name: 'an end of a JSON string', text: '", "mentioned_list": ["@all"], "x": "' },
  { name: 'an end of a code block and a table', text: 'a ``` b ~~~ | c | d |' },
  { name: 'another field of a form', text: 'a&priority=2&to=evil@example.com;b=c' },
  { name: 'entities', text: '&lt;b&gt; &#60;script&#62; &commat;all' },
];

/** Addresses that must not become links. */
export const HOSTILE_ADDRESSES: readonly string[] = [
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'https://evil.test/">x<a href="https://evil.test',
  'https://evil.test/\r\nBcc: victim@example.com',
];

const LINES = ATTACKS.map(({ text }) => text);

/** Texts of an attacker; each line is one trick. They are two, so that the limit of a field does not hide the second half. */
export const HOSTILE_TEXTS: readonly [string, string] = [LINES.slice(0, 9).join('\r\n'), LINES.slice(9).join('\r\n')];

export const [HOSTILE] = HOSTILE_TEXTS;

/** Text without tricks, with as many lines and words in the same places. */
export const harmlessTwin = (text: string): string => text.replace(/[^\s]+/gu, 'x').replace(/[ \t]+/g, ' ');
