import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import type { DialTarget } from './dialer.ts';
import type { HandshakeReader } from './handshake.ts';
import type { Proxy } from './proxy.ts';

const VERSION = 5;
const NO_LOGIN = 0;
const PASSWORD = 2;
const LOGIN_VERSION = 1;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** Meanings of the reply codes. https://www.rfc-editor.org/rfc/rfc1928#section-6 */
const REPLIES: Readonly<Record<number, readonly [FailureClass, string]>> = {
  1: ['transient', 'the proxy has an error'],
  2: ['permanent', 'the rules of the proxy do not allow the connection'],
  3: ['transient', 'the proxy cannot reach the network of the server'],
  4: ['transient', 'the proxy cannot reach the server'],
  5: ['transient', 'the server refuses connections of the proxy'],
  6: ['transient', 'the proxy cannot reach the server in time'],
  7: ['permanent', 'the proxy makes no connections'],
  8: ['permanent', 'the proxy does not know addresses of this kind'],
};

/** Asks a SOCKS 5 proxy for a connection to the server. https://www.rfc-editor.org/rfc/rfc1928 and rfc1929 */
export async function openSocksTunnel(proxy: Proxy, target: DialTarget, reader: HandshakeReader): Promise<void> {
  const { socket } = reader;
  const methods = proxy.user === undefined ? [NO_LOGIN] : [PASSWORD, NO_LOGIN];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method] = await reader.bytes(2);
  if (version !== VERSION) throw garbled();
  if (method === PASSWORD && proxy.user !== undefined) await logIn(proxy.user, proxy.password ?? '', reader);
  else if (method !== NO_LOGIN) throw refusedLogin('the proxy wants a login that is not in its address');
  const port = Buffer.alloc(2);
  port.writeUInt16BE(target.port);
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressBytes(target.host), port]));
  const [answered, reply, , kind] = await reader.bytes(4);
  if (answered !== VERSION) throw garbled();
  if (reply !== 0) {
    const [failureClass, message] = REPLIES[reply!] ?? ['transient', 'the proxy refuses the connection'];
    const detail = failureClass === 'permanent' ? { misconfigured: true } : {};
    throw new SendFailure(failureClass, `proxy.socks_${reply}`, message, detail);
  }
  const length = kind === IPV4 ? 4 : kind === IPV6 ? 16 : (await reader.bytes(1))[0]!;
  await reader.bytes(length + 2);
}

async function logIn(user: string, password: string, reader: HandshakeReader): Promise<void> {
  const [name, word] = [Buffer.from(user, 'utf8'), Buffer.from(password, 'utf8')];
  if (name.length > 255 || word.length > 255) throw refusedLogin('the login of the proxy is too long for SOCKS');
  reader.socket.write(
    Buffer.concat([Buffer.from([LOGIN_VERSION, name.length]), name, Buffer.from([word.length]), word]),
  );
  const [, status] = await reader.bytes(2);
  if (status !== 0) throw refusedLogin('the proxy refuses the user or the password');
}

function addressBytes(host: string): Buffer {
  if (isIP(host) === 0) {
    const name = Buffer.from(host, 'ascii');
    return Buffer.concat([Buffer.from([NAME, name.length]), name]);
  }
  const bytes = ipaddr.parse(host).toByteArray();
  return Buffer.from([bytes.length === 4 ? IPV4 : IPV6, ...bytes]);
}

const garbled = (): SendFailure =>
  new SendFailure('permanent', 'proxy.garbled', 'the proxy does not speak SOCKS 5', { misconfigured: true });

const refusedLogin = (message: string): SendFailure =>
  new SendFailure('permanent', 'proxy.login', message, { misconfigured: true });
