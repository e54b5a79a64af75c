export type ReadUnixUrl =
  | {
      readonly ok: true;
      /** Absolute path of the socket. */
      readonly socket: string;
      /** Path and query of the request. */
      readonly path: string;
    }
  /** `message` continues a sentence that begins with the setting's name. */
  | { readonly ok: false; readonly message: string; readonly mend: string };

const FORM = '`unix:/run/app.sock:/path`: the path of the socket, and after a `:` the path of the request';
/** Length of `sun_path` without its end. https://man7.org/linux/man-pages/man7/unix.7.html */
const MAX_SOCKET_BYTES = 107;

/**
 * Reads the URL of an HTTP server on a Unix socket, `unix:/run/app.sock:/path`; undefined if it is none. The path of the socket is
 * taken literally and ends at the first `:`.
 */
export function readUnixUrl(text: string): ReadUnixUrl | undefined {
  if (/^(?:http\+unix|https?\+unix):|^https?:\/\/unix:/i.test(text))
    return { ok: false, message: 'is a form of other programs for a Unix socket', mend: `write ${FORM}` };
  if (!/^unix:/i.test(text)) return undefined;
  const wrong = (message: string): ReadUnixUrl => ({ ok: false, message, mend: `write ${FORM}` });
  if (/\{[{%]/.test(text)) return wrong('holds a template, which is not supported here');
  const [, socket = '', path = '/'] = /^unix:(\/[^:]*)(?::(.*))?$/is.exec(text) ?? [];
  if (socket === '' || /\/$|^\/\//.test(socket)) return wrong('does not name a Unix socket by its absolute path');
  // The system ends a path at a NUL, and would connect to another socket.
  if (/\p{Cc}/u.test(socket)) return wrong('has a control character in the path of its socket');
  if (!path.startsWith('/')) return wrong('has a request path that does not begin with `/`');
  if (/[\s\p{Cc}\p{Cf}\p{Cs}\\#]/u.test(path))
    return wrong('has a character in its request path that HTTP does not allow');
  if (Buffer.byteLength(socket) > MAX_SOCKET_BYTES)
    return { ok: false, message: 'has a socket path of more than 107 bytes', mend: 'use a shorter path' };
  return { ok: true, socket, path };
}
