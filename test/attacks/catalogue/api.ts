import type { Row } from './row.ts';

export const api = [
  {
    id: 'B1',
    attack: 'no token, a wrong one, a part of one, one in another header or cookie, one of another scope',
    answer: '401 with one answer for all; 403 for another scope or user; nothing is stored',
  },
  {
    id: 'B2',
    attack: 'a token in the address',
    answer: '401, or 400 beside a valid token; it does not appear in the log',
  },
  {
    id: 'B3',
    attack: 'DNS rebinding: `Host` with foreign names and such that look like the loopback',
    answer: '421; only names of this daemon are answered',
  },
  {
    id: 'B4',
    attack: '`Origin` of another site, another port or scheme, `null`, a file, an extension',
    answer: '403 without CORS headers, also with a valid token',
  },
  {
    id: 'B5',
    attack: 'posts that a page may send without asking: text, multipart, a form',
    answer: '403 from a page, 401 without a token, 415 with one for text and multipart',
  },
  { id: 'B6', attack: 'preflight requests, also for private networks', answer: '403, 404 or 405 without CORS headers' },
  {
    id: 'B7',
    attack: 'images and scripts of another site whose address is a call of the API',
    answer: '401; GET changes nothing, and answers are not guessed to be scripts',
  },
  {
    id: 'B8',
    attack:
      'connections from outside to a daemon with default settings; calls without a token to one that listens everywhere',
    answer: 'refused; 401, also for `/metrics` and `/readyz`',
  },
  {
    id: 'B10',
    attack:
      'event types and attributes that are empty, too long, of another kind, with control characters, or named `__proto__`; the source `belfry`',
    answer: '400; types such as `../../x` or `{{ data }}` are text',
  },
  {
    id: 'B11',
    attack: 'events with `channel`, `to`, `url`, `template`, `notify`',
    answer: 'they are data: only the rules choose channels and texts',
  },
  {
    id: 'B12',
    attack: '64 requests at the same time with one Idempotency-Key',
    answer: 'one event, and 64 times its id; another body is 409',
  },
  {
    id: 'B13',
    attack: 'clients that leave after half of a body, or before the answer',
    answer: 'no event; the event, and sending it again is a duplicate',
  },
  {
    id: 'B14',
    attack: 'batches of 10,000 events with a wrong one in the middle; 10,001 events',
    answer: '400 with a pointer to it; none is stored',
  },
  {
    id: 'B15',
    attack: 'events until the disk is full',
    answer: '507, and the others stay; accepted again when there is room',
  },
  {
    id: 'B16',
    attack: 'a disk that takes long to sync',
    answer: '202 only after the sync; answers that need no disk come meanwhile',
  },
  {
    id: 'B17',
    attack: 'events whose type and source would forge lines in `/metrics`',
    answer: 'they are not in it, nor a token; each line is a metric',
  },
  {
    id: 'B18',
    attack:
      'a page of another site in Chromium posts to an unverified hook and a beat on the loopback: fetch, `no-cors`, forms of three kinds, beacons, images, scripts, frames',
    answer: '403; nothing is stored',
  },
  {
    id: 'B19',
    attack: 'the same page calls the API, also with a token that leaked',
    answer: 'nothing is changed, and the page can read no answer, not even `/healthz`',
  },
  {
    id: 'B20',
    attack:
      'the same page opens `/v1/feed` and `/v1/stream` by WebSocket and server-sent events, with a token, and with a ticket',
    answer: 'refused',
  },
  {
    id: 'B21',
    attack: 'DNS rebinding in Chromium: a page of `evil.example`, whose name is the address of the daemon',
    answer: '421 for the page and each call, 403 for an unverified hook',
  },
  {
    id: 'B22',
    attack:
      'a page opens the address that logs in to the console, or shows the console in a frame; a ticket is used twice',
    answer: 'the page has no handle of the console; the frame stays empty; the second use is 401',
  },
  {
    id: 'B9',
    attack: '1,000 wrong tokens, tickets and passwords; guessing a token by the time of the answer',
    answer:
      '10 are 401, the others 429 with `Retry-After`; a right token passes meanwhile; few lines in the audit log; the times are printed',
  },
] as const satisfies readonly Row[];
