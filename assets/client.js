/**
 * WebSocket client of Belfry, an ES module for browsers and for Node with a `WebSocket`; also `belfry/client` of the npm package.
 *
 *   import { connect } from 'http://127.0.0.1:8765/client.js';
 *   const connection = connect({ url: 'ws://127.0.0.1:8765/v1/stream', user: 'alice', token, onMessage: (message) => show(message) });
 *
 * Reconnects when nothing was received for the time that the daemon sets (5 s), resumes at its position, and calls `onMessage` once for
 * each message. A message is acknowledged when `onMessage` has returned or resolved.
 *
 * @param {object} options
 * @param {string} options.url URL of the stream, ws:// or wss://
 * @param {string} [options.user] user whose pushes to receive, if the token is for several users
 * @param {string} [options.token] sent as a subprotocol, not in the URL
 * @param {() => Promise<string>} [options.getTicket] gets a new ticket for each connection, in place of a token
 * @param {(message: object) => unknown} options.onMessage
 * @param {(state: 'connecting' | 'open' | 'waiting' | 'closed', detail?: string) => void} [options.onState]
 * @param {typeof WebSocket} [options.WebSocket]
 * @returns {{ close(): void }}
 */
export function connect(options) {
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  const report = options.onState ?? (() => {});
  let socket;
  let silenceTimer;
  let retryTimer;
  let failures = 0;
  let closed = false;
  let reconnectAfter = 5000;
  /** Position in the sequence of the daemon. */
  let epoch;
  let seq = 0;
  /** Last acknowledged sequence number. */
  let acked = 0;
  let ackTimer;
  /** Ends when all messages so far were handled: they are handled one after another. */
  let handled = Promise.resolve();

  async function open() {
    report('connecting');
    const address = new URL(options.url);
    if (options.user !== undefined) address.searchParams.set('user', options.user);
    if (epoch !== undefined) {
      address.searchParams.set('epoch', epoch);
      address.searchParams.set('seq', String(seq));
    }
    const protocols = ['belfry.v1'];
    if (options.getTicket !== undefined) address.searchParams.set('ticket', await options.getTicket());
    else if (options.token !== undefined) protocols.push(`bearer.${options.token}`);
    if (closed) return;
    const opened = new Socket(address.href, protocols);
    socket = opened;
    opened.onmessage = ({ data }) => {
      if (socket === opened) receive(opened, JSON.parse(data));
    };
    opened.onclose = ({ reason }) => lost(opened, reason);
    opened.onerror = () => lost(opened, 'the connection failed');
    restartTimer(opened);
  }

  /** Restarts the timer that detects a dead connection. */
  function restartTimer(opened) {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(() => lost(opened, 'nothing was received'), reconnectAfter);
  }

  function receive(opened, frame) {
    restartTimer(opened);
    if (frame.type === 'hello') {
      failures = 0;
      reconnectAfter = frame.reconnect_after_ms;
      if (epoch !== frame.epoch) seq = frame.seq;
      epoch = frame.epoch;
      acked = frame.seq;
      report('open');
      opened.send(JSON.stringify({ type: 'resume', epoch, seq }));
      // The last acknowledgement may have been lost with the connection, and no other message may follow that would acknowledge it.
      acknowledge();
    } else if (frame.type === 'message') {
      handled = handled.then(() => handle(opened, frame));
    }
  }

  async function handle(opened, frame) {
    // A message of an earlier connection is dropped: the daemon sends it again, in order.
    if (closed || socket !== opened || frame.seq <= seq) return;
    try {
      await options.onMessage(frame);
    } catch (error) {
      // The message is not acknowledged, so that it comes again with the next connection and is not lost by a bug of the page.
      lost(opened, `onMessage failed: ${error}`);
      return;
    }
    seq = frame.seq;
    acknowledge();
  }

  /** Acknowledges all messages so far: the first time at once, then once a second. */
  function acknowledge() {
    if (ackTimer !== undefined || acked >= seq || socket?.readyState !== 1) return;
    acked = seq;
    socket.send(JSON.stringify({ type: 'ack', seq }));
    ackTimer = setTimeout(() => {
      ackTimer = undefined;
      acknowledge();
    }, ACK_EVERY_MS);
  }

  function lost(gone, why) {
    if (closed || socket !== gone) return;
    socket = undefined;
    clearTimeout(silenceTimer);
    gone.onmessage = gone.onclose = null;
    gone.onerror = () => {};
    gone.close();
    waitAndOpen(why);
  }

  function waitAndOpen(why) {
    const wait = Math.min(10000, 500 * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    report('waiting', why);
    retryTimer = setTimeout(() => start(), wait);
  }

  function start() {
    open().catch((error) => !closed && waitAndOpen(String(error)));
  }

  start();
  return {
    close() {
      closed = true;
      clearTimeout(silenceTimer);
      clearTimeout(retryTimer);
      clearTimeout(ackTimer);
      const last = socket;
      socket = undefined;
      last?.close();
      report('closed');
    },
  };
}

const ACK_EVERY_MS = 1000;
