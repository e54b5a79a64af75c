import { formatDuration } from '../../../lib/time/duration.ts';
import { MAX_TICKETS } from '../../../lib/secrets/tickets.ts';
import { MAX_PAGE_SIZE } from '../../../core/values/history-filters.ts';
import { MAX_WAIT_MS } from '../../../core/values/value-kind.ts';
import { MAX_CONNECTIONS, MAX_SOCKET_CONNECTIONS, OTHER_FILES } from '../../../http/listener/connections.ts';
import { MAX_HEADER_BYTES } from '../../../http/listener/malformed.ts';
import { DEFAULT_TIMEOUTS } from '../../../http/listener/server.ts';
import { MAX_HEADERS } from '../../../http/request/host-check.ts';
import { MAX_WRONG } from '../../../http/request/limits/failed-logins.ts';
import { MAX_RIGHT } from '../../../http/request/limits/token-limit.ts';
import { MAX_BUFFERED_BYTES } from '../../../http/stream/connection.ts';
import { MAX_FEEDS } from '../../../http/stream/feeds.ts';
import { MAX_CONNECTIONS_PER_USER, MAX_FRAGMENTS, MAX_FRAME_BYTES } from '../../../http/stream/push-server.ts';
import { MAX_BROWSERS } from '../../channels/web-push.ts';
import { bytes, type LimitSection, number } from '../../../core/schema/reference/limit.ts';

export const connections: LimitSection = {
  title: 'Connections and requests',
  limits: [
    {
      name: 'open_files',
      of: 'Open files that are kept for the store, the sources and the channels',
      most: number(OTHER_FILES),
      setting: '`LimitNOFILE=` of the unit, `ulimit -n`',
      beyond: 'connections get the other files, and half of all if the process may open fewer than 1,024',
    },
    {
      name: 'connections',
      of: 'Open TCP connections',
      most: number(MAX_CONNECTIONS),
      beyond: 'a further connection is closed',
      counted: 'refused',
    },
    {
      name: 'address_connections',
      of: 'Open connections of one address (of IPv6: a network of 64 bits), besides streams of users; not for the loopback',
      most: '64',
      setting: '`daemon.limits.connections_per_address`',
      beyond: '429 `connections.address`, and the connection is closed',
      counted: 'refused',
    },
    {
      name: 'socket_connections',
      of: 'Open connections on the Unix socket',
      most: number(MAX_SOCKET_CONNECTIONS),
      beyond: 'a further connection is closed',
      counted: 'refused',
    },
    {
      name: 'header_bytes',
      of: 'Headers of a request',
      most: bytes(MAX_HEADER_BYTES),
      beyond: '431 `header.too_large`',
      counted: 'refused',
    },
    {
      name: 'header_count',
      of: 'Headers of a request',
      most: number(MAX_HEADERS),
      beyond: '431 `header.too_many`',
      counted: 'refused',
    },
    {
      name: 'header_time',
      of: 'Time for the headers of a request',
      most: formatDuration(DEFAULT_TIMEOUTS.headers),
      beyond: '408 `request.too_slow`',
      counted: 'refused',
    },
    {
      name: 'request_time',
      of: 'Time for a whole request',
      most: formatDuration(DEFAULT_TIMEOUTS.request),
      beyond: '408 `request.too_slow`',
      counted: 'refused',
    },
    {
      name: 'chunk_extension',
      of: 'Extensions of the chunks of a body',
      most: '16 KiB',
      beyond: '413 `body.chunk_extension`',
      counted: 'refused',
    },
    {
      name: 'body',
      of: 'Body of a request',
      most: '1 MiB',
      setting: '`daemon.limits.body`; `max_body` of a webhook source',
      beyond: '413 `body.too_large`',
      counted: 'refused',
    },
    {
      name: 'token_rate',
      of: 'Requests with one token',
      most: 'none',
      setting: '`rate` of a token',
      beyond: '429 `auth.rate` with `Retry-After`',
      counted: 'refused',
    },
    {
      name: 'button_rate',
      of: 'Requests with the link of one alert button in a second',
      most: number(MAX_RIGHT),
      beyond: 'a page with 429',
      counted: 'refused',
    },
    {
      name: 'login_rate',
      of: 'Wrong tokens, tickets and links of buttons of one address in a minute; right ones always pass',
      most: number(MAX_WRONG),
      beyond: '429 `auth.limited` with `Retry-After`, for a button a page with 429',
      counted: 'refused',
    },
    {
      name: 'tickets',
      of: 'Unused tickets of the stream',
      most: number(MAX_TICKETS),
      beyond: 'the oldest is forgotten',
    },
    {
      name: 'page_size',
      of: 'Entries of a page of `/v1/events`, `/v1/deliveries`, `/v1/dead` and `/v1/rules`',
      most: number(MAX_PAGE_SIZE),
      beyond: '400 `query.invalid`',
    },
    {
      name: 'wait',
      of: 'Time that `POST /v1/events?wait=` waits',
      most: formatDuration(MAX_WAIT_MS),
      beyond: 'the answer comes at this time',
    },
  ],
};

export const streams: LimitSection = {
  title: 'Streams',
  limits: [
    {
      name: 'user_connections',
      of: 'Streams of one user',
      most: number(MAX_CONNECTIONS_PER_USER),
      beyond: 'closed with 1013; server-sent events: 429 `stream.too_many`',
      counted: 'refused',
    },
    {
      name: 'feeds',
      of: 'Clients of the feed',
      most: number(MAX_FEEDS),
      beyond: 'closed with 1013; server-sent events: 429 `feed.too_many`',
      counted: 'refused',
    },
    {
      name: 'frame_bytes',
      of: 'Message of a WebSocket client',
      most: bytes(MAX_FRAME_BYTES),
      beyond: 'closed with 1009',
      counted: 'refused',
    },
    {
      name: 'frame_fragments',
      of: 'Fragments of a message of a WebSocket client',
      most: number(MAX_FRAGMENTS),
      beyond: 'closed with 1008',
      counted: 'refused',
    },
    {
      name: 'unread_bytes',
      of: 'Data that waits for a client that does not read',
      most: bytes(MAX_BUFFERED_BYTES),
      beyond: 'no more is written; after 5 s the client is closed, and resumes without a gap',
      counted: 'refused',
    },
    {
      name: 'browsers',
      of: 'Browsers of one user of `webpush`',
      most: number(MAX_BROWSERS),
      beyond: 'a further one replaces the oldest',
    },
  ],
};
