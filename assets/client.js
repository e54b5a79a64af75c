/**
 * Belfry's WebSocket client, an ES module for browsers and for Node with a `WebSocket`; also `belfry/client` of the npm package.
 *
 *   import { connect } from 'http://127.0.0.1:8765/client.js';
 *   const connection = connect({ url: 'ws://127.0.0.1:8765/v1/stream', user: 'alice', token, onMessage: (message) => show(message) });
 *
 * It reconnects by itself when nothing was heard for as long as the daemon says (5 s), resumes where it stopped, acknowledges
 * a message once `onMessage` has returned or resolved, and hands each message over once.
 *
 * @param {object} options
 * @param {string} options.url of the stream: ws:// or wss://
 * @param {string} [options.user] whom to listen as, if the token may listen as several
 * @param {string} [options.token] sent as a subprotocol, not in the address
 * @param {() => Promise<string>} [options.getTicket] fetches a fresh ticket for each connection, instead of a token
 * @param {(message: object) => unknown} options.onMessage
 * @param {(state: 'connecting' | 'open' | 'waiting' | 'closed', detail?: string) => void} [options.onState]
 * @param {typeof WebSocket} [options.WebSocket]
 * @returns {{ close(): void }}
 */
export function connect(options) {
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  const tell = options.onState ?? (() => {});
  let socket;
  let silence;
  let retry;
  let failures = 0;
  let closed = false;
  let reconnectAfter = 5000;
  /** Where we are in the daemon's sequence. */
  let epoch;
  let seq = 0;
  /** Up to where the daemon knows that we have come. */
  let acked = 0;
  let pause;
  /** Messages are handed over one after another. */
  let turn = Promise.resolve();

  async function open() {
    tell('connecting');
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
      if (socket === opened) heard(opened, JSON.parse(data));
    };
    opened.onclose = ({ reason }) => lost(opened, reason);
    opened.onerror = () => lost(opened, 'the connection failed');
    listen(opened);
  }

  /** Whatever is heard starts the silence anew. */
  function listen(opened) {
    clearTimeout(silence);
    silence = setTimeout(() => lost(opened, 'nothing was heard'), reconnectAfter);
  }

  function heard(opened, frame) {
    listen(opened);
    if (frame.type === 'hello') {
      failures = 0;
      reconnectAfter = frame.reconnect_after_ms;
      if (epoch !== frame.epoch) seq = frame.seq;
      epoch = frame.epoch;
      acked = frame.seq;
      tell('open');
      opened.send(JSON.stringify({ type: 'resume', epoch, seq }));
      // An acknowledgement may have been lost with the last connection, and nothing else may follow that would count for it.
      acknowledge();
    } else if (frame.type === 'message') {
      turn = turn.then(() => handOver(opened, frame));
    }
  }

  async function handOver(opened, frame) {
    // What a connection brought that was lost since comes again, after what was not taken before it.
    if (closed || socket !== opened || frame.seq <= seq) return;
    try {
      await options.onMessage(frame);
    } catch (error) {
      // Not acknowledged: it comes again with the next connection, rather than being lost to a bug of the page.
      lost(opened, `onMessage failed: ${error}`);
      return;
    }
    seq = frame.seq;
    acknowledge();
  }

  /** The first at once, then one a second: it counts for all before it. */
  function acknowledge() {
    if (pause !== undefined || acked >= seq || socket?.readyState !== 1) return;
    acked = seq;
    socket.send(JSON.stringify({ type: 'ack', seq }));
    pause = setTimeout(() => {
      pause = undefined;
      acknowledge();
    }, ACK_EVERY);
  }

  function lost(gone, why) {
    if (closed || socket !== gone) return;
    socket = undefined;
    clearTimeout(silence);
    gone.onmessage = gone.onclose = null;
    gone.onerror = () => {};
    gone.close();
    waitAndOpen(why);
  }

  function waitAndOpen(why) {
    const wait = Math.min(10000, 500 * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    tell('waiting', why);
    retry = setTimeout(() => start(), wait);
  }

  function start() {
    open().catch((error) => !closed && waitAndOpen(String(error)));
  }

  start();
  return {
    close() {
      closed = true;
      clearTimeout(silence);
      clearTimeout(retry);
      clearTimeout(pause);
      const last = socket;
      socket = undefined;
      last?.close();
      tell('closed');
    },
  };
}

/** Milliseconds between two acknowledgements. */
const ACK_EVERY = 1000;
