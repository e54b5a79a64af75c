import { signal } from '@preact/signals';
import type { FeedItem } from '../../daemon/http/views.ts';
import { addressOf } from './client.ts';

/** `lost`: the daemon does not answer; the connection is made again by itself. */
export type Connection = 'connecting' | 'open' | 'lost';

export const connection = signal<Connection>('connecting');

/** Rises at most once a second while something happens, and each time the connection is open again: lists are then read anew. */
export const activity = signal(0);

/** Time between two pings, and without any answer after which the connection is lost: that is seen within 4 s. */
const PING_MS = 1_000;
const SILENCE_MS = 3_000;
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 5_000;
const ACTIVITY_MS = 1_000;

const listeners = new Set<(item: FeedItem) => void>();

/** Calls `listener` for each event, later outcome and delivery as it happens; returns the end of that. */
export function follow(listener: (item: FeedItem) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let activityTimer: ReturnType<typeof setTimeout> | undefined;

/** Marks that lists may have changed. Several changes within a second are one. */
export function touch(): void {
  activityTimer ??= setTimeout(() => {
    activityTimer = undefined;
    activity.value += 1;
  }, ACTIVITY_MS);
}

/** Keeps the live feed (`GET /v1/feed`) open until the returned function is called. */
export function openFeed(token: string): () => void {
  let socket: WebSocket | undefined;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let lastAnswer = 0;
  let isClosed = false;

  const open = (): void => {
    const url = addressOf('/v1/feed');
    url.protocol = url.protocol.replace('http', 'ws');
    const opened = new WebSocket(url, ['belfry.v1', `bearer.${token}`]);
    socket = opened;
    lastAnswer = Date.now();
    opened.addEventListener('open', () => {
      if (socket !== opened) return;
      failures = 0;
      lastAnswer = Date.now();
      connection.value = 'open';
      opened.send(PING);
      touch();
    });
    opened.addEventListener('message', ({ data }) => {
      if (socket !== opened) return;
      lastAnswer = Date.now();
      const item = JSON.parse(String(data)) as FeedItem | { readonly kind: 'pong' };
      if (item.kind === 'pong') return;
      for (const listener of listeners) listener(item);
      touch();
    });
    opened.addEventListener('close', () => lost(opened));
    opened.addEventListener('error', () => lost(opened));
  };

  const lost = (ended: WebSocket): void => {
    if (socket !== ended) return;
    socket = undefined;
    ended.close();
    if (isClosed) return;
    connection.value = 'lost';
    retryTimer = setTimeout(open, Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failures));
    failures += 1;
  };

  const pingTimer = setInterval(() => {
    if (socket === undefined) return;
    if (Date.now() - lastAnswer > SILENCE_MS) lost(socket);
    else if (socket.readyState === WebSocket.OPEN) socket.send(PING);
  }, PING_MS);

  open();
  return () => {
    isClosed = true;
    clearInterval(pingTimer);
    clearTimeout(retryTimer);
    socket?.close();
    socket = undefined;
    connection.value = 'connecting';
  };
}

const PING = JSON.stringify({ type: 'ping' });
