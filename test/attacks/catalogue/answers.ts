import type { Row } from './row.ts';

export const answers = [
  {
    id: 'G1',
    attack: 'redirects to another host, to an internal address and to the same host',
    answer: 'not followed; dead, with the host of the address named',
  },
  {
    id: 'G2',
    attack: 'names with internal addresses, also beside a public one, and names whose address changes after the check',
    answer:
      'with `egress.deny_private` dead as `net.egress`; the address that is dialled is checked, and nothing connects',
  },
  {
    id: 'G3',
    attack: 'bodies without end, of 300 MB behind gzip, with a thousand codings, and one byte a second',
    answer: 'at most 64 KiB are read, within the timeout; memory does not grow, and another channel goes on',
  },
  {
    id: 'G4',
    attack: 'headers without end, ten thousand headers, invalid bytes, HTTP/0.9, another protocol',
    answer: 'a failure; the daemon and the next delivery go on',
  },
  {
    id: 'G5',
    attack: 'status 200 with an error code, a login page, nothing, or JSON of another kind, to each type of channel',
    answer: 'never delivered where the provider has an answer of its own',
  },
  {
    id: 'G6',
    attack: 'connections that close before, in and after the head, are reset, or never answer',
    answer: 'transient or unknown; tried again with the same id',
  },
  {
    id: 'G7',
    attack: '`Retry-After` that is negative, endless, in the year 9999, or no number',
    answer: 'waits at most 24 hours, or its own schedule',
  },
  {
    id: 'G8',
    attack:
      'TLS with a certificate that is expired, self-signed or of another name, with TLS 1.1, and `NODE_TLS_REJECT_UNAUTHORIZED=0`',
    answer: 'dead, and the channel is misconfigured; the daemon does not start with the variable',
  },
  { id: 'G9', attack: 'answers that repeat the token of the channel', answer: 'masked everywhere' },
  {
    id: 'G10',
    attack: 'a second answer that comes unasked on the same connection',
    answer: 'never taken for the answer to the next request',
  },
  {
    id: 'G11',
    attack:
      'mail servers: STARTTLS that is missing or preceded by plain text, endless answers, a banner that never comes',
    answer: 'a failure; no password is sent without TLS',
  },
] as const satisfies readonly Row[];
