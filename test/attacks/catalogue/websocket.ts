import type { Row } from './row.ts';

export const websocket = [
  {
    id: 'D1',
    attack: 'cross-site WebSocket: handshakes with the `Origin` of another site or port, and a valid token',
    answer: '403 before the upgrade',
  },
  { id: 'D2', attack: '`Origin: null`; no token, a wrong one, a wrong subprotocol', answer: '403; 401' },
  {
    id: 'D3',
    attack: 'a token in the address, or as a subprotocol',
    answer: '401; accepted as a subprotocol, which the answer does not repeat; it does not appear in the log',
  },
  {
    id: 'D4',
    attack: 'the stream of another user, `*`, `../`; the feed with a token for a stream',
    answer: 'close 1008, or 403; no push of another user arrives',
  },
  {
    id: 'D5',
    attack: '1,900 headers; 8 kB of spaces or commas in `Sec-WebSocket-Protocol`; wrong keys and versions',
    answer: '431; 400 or 401, and 426 or 404',
  },
  {
    id: 'D6',
    attack:
      'frames that are not masked, with reserved bits, unknown opcodes, wrong close codes, long or split control frames, continuations of nothing',
    answer: 'close 1002',
  },
  { id: 'D7', attack: 'text that is not UTF-8', answer: 'close 1007' },
  { id: 'D8', attack: 'a frame of 200 MiB, or fragments that grow over 64 KiB', answer: 'close 1009 at its head' },
  { id: 'D9', attack: 'fragments without end, of one byte and empty', answer: 'close 1008 after 256' },
  { id: 'D10', attack: 'offers of compression, also with wrong parameters', answer: 'not negotiated' },
  {
    id: 'D11',
    attack: 'a client that never reads',
    answer: 'closed at 1 MiB; it resumes with every push once and in order',
  },
  {
    id: 'D12',
    attack: 'floods of pings of the protocol and of ping messages, whose answers are not read',
    answer: 'closed at 1 MiB of answers; other clients get their pushes',
  },
  {
    id: 'D13',
    attack: 'clients that are gone without a close: no pong',
    answer: 'closed within two pings of 15 seconds, also at the feed',
  },
  {
    id: 'D14',
    attack: '200 connections of one user',
    answer: '16 stay, the others are closed with 1013; other users connect',
  },
  {
    id: 'D15',
    attack:
      'positions that are negative, beyond the last push, of another epoch, 1 MB long; messages that are not of the protocol',
    answer: '400, 431, or `reset`; close 1008; an acknowledgement of pushes that do not exist keeps none back',
  },
  {
    id: 'D16',
    attack: 'streams that stay open after their token expires or is removed, or their session is ended',
    answer: 'close 1008 within a second, or the end of the server-sent events; so for a ticket that the token made',
  },
] as const satisfies readonly Row[];
