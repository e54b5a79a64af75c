import type { Row } from './row.ts';

export const ingress = [
  { id: 'A1', attack: 'a request without a signature', answer: '401; nothing is stored' },
  { id: 'A2', attack: 'a wrong signature of the right length', answer: '401, the same answer as without a signature' },
  {
    id: 'A3',
    attack: 'signatures that are empty, too short, too long, without their version, or not base64 or hex',
    answer: '401, the same answer',
  },
  {
    id: 'A4',
    attack: 'guessing a signature by the time of the answer: its first digit is wrong, or its last one',
    answer: 'the times do not differ; printed, and a failure only where they differ grossly',
  },
  {
    id: 'A5',
    attack: 'a signed request that is more than 5 minutes old, or from the future',
    answer: '401; within the 5 minutes 202',
  },
  { id: 'A6', attack: 'an exact copy of an accepted signed request', answer: '401; no second event' },
  {
    id: 'A7',
    attack: 'the id of an accepted request, signed anew',
    answer: 'with the same body 202 with `duplicate: true` and the first id, with another 409; no second event',
  },
  { id: 'A8', attack: 'timestamps such as `1e9`, `0x5`, `-1`, 30 digits, none', answer: '401' },
  {
    id: 'A9',
    attack: 'message ids with a dot, a space, CR, NUL, beyond ASCII, or too long',
    answer: '401, or 400 where the header itself is malformed',
  },
  {
    id: 'A10',
    attack: 'a header with many signatures, the last of which is right',
    answer: '202 for 20, 401 above 32, 431 above the size of all headers',
  },
  {
    id: 'A11',
    attack: 'a signature by the secret that a rotation replaced',
    answer: '202 while it is listed, 401 after the reload that removes it',
  },
  {
    id: 'A12',
    attack: 'signatures of GitHub in capital letters, by SHA-1 only, without `sha256=`',
    answer: '202 for capitals, 401 for the others',
  },
  {
    id: 'A16',
    attack:
      'requests that a proxy may cut in another place: two lengths, a length with chunks, unknown codings, spaces before a colon, folded headers, NUL, bare LF, wrong sizes of chunks; a second request hidden in the body',
    answer: '400, the connection is closed, and nothing is stored',
  },
  { id: 'A17', attack: 'a chunk extension of 20 kB', answer: '413; nothing is stored' },
  { id: 'A18', attack: 'two Host headers; a request line with the address of another host', answer: '400' },
  { id: 'A19', attack: 'no Host, HTTP/0.9, HTTP/2 or TLS on the plain port, binary data', answer: '400' },
  { id: 'A20', attack: 'headers, header names or a path of 17 kB; 3,000 headers', answer: '431' },
  {
    id: 'A21',
    attack: 'headers and parameters named `__proto__`, `constructor`, `toString`',
    answer: 'they are data: 202, or 401 where a signature is needed',
  },
  {
    id: 'A22',
    attack: 'CONNECT, TRACE, PUT, PROPFIND, OPTIONS and methods that do not exist',
    answer: '405 with `Allow`, 400 for unknown methods; CONNECT is closed without an answer',
  },
  {
    id: 'A23',
    attack: 'an offer to change to HTTP/2 (`Upgrade: h2c`)',
    answer: 'it is ignored, and the request is answered as HTTP/1.1',
  },
  { id: 'A24', attack: '`Expect: nope`', answer: '417; `100-continue` works' },
  {
    id: 'A28',
    attack: '100 pipelined requests in one packet, then a malformed one',
    answer: '100 answers in their order, then 400',
  },
  {
    id: 'A35',
    attack: 'paths with `..`, `%2e%2e`, `//`, `;x`, `%00`, backslashes, 9 kB',
    answer: '400 or 404; no other source or call is reached',
  },
  {
    id: 'A13',
    attack: 'a body one byte over the limit, with and without its length',
    answer: '413; a body of the limit is 202',
  },
  {
    id: 'A14',
    attack: 'an announced body of 10 GB, then a flood',
    answer: '413 before the body; what comes nevertheless is discarded, and the connection is closed',
  },
  { id: 'A15', attack: '300,000 chunks of one byte', answer: '413; the CPU time is printed' },
  {
    id: 'A30',
    attack: 'compressed bodies: a bomb of gzip, br, zstd, deflate, 1,000 encodings',
    answer: '415; nothing is unpacked',
  },
  { id: 'A31', attack: 'JSON that is nested 100,000 deep, or 65', answer: '400; 64 is accepted' },
  {
    id: 'A32',
    attack:
      'odd JSON: NaN, trailing commas, two values, invalid UTF-8, UTF-16, 20,000 keys, repeated keys, long integers, lone surrogates',
    answer:
      '400 for what is not JSON and 415 for what is not UTF-8; what is accepted is stored as sent: long integers keep their digits as text, of a repeated key the last counts',
  },
  {
    id: 'A33',
    attack: 'JSON and forms with `__proto__` and `constructor.prototype`',
    answer: '202 as plain data, also in rules, templates, dead letters and resends; no other event has their fields',
  },
  {
    id: 'A34',
    attack: 'JSON with another media type, other charsets',
    answer: '415 for another charset; with another media type it is text, not JSON',
  },
  {
    id: 'A25',
    attack: 'slowloris: headers that come one byte at a time, or not at all',
    answer: '408, as the headers are not whole after 5 seconds',
  },
  {
    id: 'A26',
    attack: 'a body that comes one byte at a time',
    answer: '408, as the request is not whole after 30 seconds',
  },
  {
    id: 'A29',
    attack: 'a burst of 500 requests to a source with a `rate` of 60',
    answer: '60 are accepted, the others are 429 with `Retry-After`; other sources accept as before',
  },
  {
    id: 'A36',
    attack: 'a hook that does not exist',
    answer: '404; the time beside that of a request without a signature is printed',
  },
  {
    id: 'A37',
    attack: '`X-Forwarded-For` and the like with an address of `allow`',
    answer: '403: only the address of the connection counts',
  },
  {
    id: 'A38',
    attack: 'line ends, escape sequences, C1 controls, reversed text and NUL in fields that are logged',
    answer: 'one line of JSON for each record, with these characters escaped',
  },
  {
    id: 'A27',
    attack: '500 idle connections from one address',
    answer: '64 stay, the others are 429; clients of other addresses are served meanwhile',
  },
  {
    id: 'A39',
    attack:
      'requests hidden in others behind nginx, which shares its connections to the daemon: two lengths, a length with chunks, disguised codings, trailers',
    answer: 'one answer each; no hidden request is read, and the next client gets its own answer',
  },
] as const satisfies readonly Row[];
