import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ChannelEndpoint } from '../../channels/channel.ts';
import type { Machine } from '../../lib/machine/machine.ts';

/** Deadlines of the steps of a connection. */
const CONNECT_MS = 5000;
const TLS_MS = 5000;
const ANSWER_MS = 5000;
const MAX_HEAD_BYTES = 16 * 1024;

/** Result of a connection to an endpoint that sends no message. A step that failed has its error; later steps are missing. */
export interface Reach {
  /** Error of the name lookup. */
  readonly nameError?: string;
  readonly connectError?: string;
  /** Error of the TLS handshake, or of the check of the certificate. */
  readonly tlsError?: string;
  /** Time at which the certificate expires, milliseconds since the epoch. */
  readonly expires?: number;
}

/** Connects to endpoints, each once for all checks. */
export class Reachability {
  readonly #machine: Machine;
  readonly #known = new Map<string, Promise<Reach>>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  of(endpoint: ChannelEndpoint): Promise<Reach> {
    const id = endpointId(endpoint);
    const known = this.#known.get(id) ?? reach(endpoint, this.#machine);
    this.#known.set(id, known);
    return known;
  }
}

export const endpointName = ({ host, port }: ChannelEndpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Equal for endpoints that need only one connection. */
export const endpointId = (endpoint: ChannelEndpoint): string =>
  [endpointName(endpoint), endpoint.tls, endpoint.verify, endpoint.datagrams, endpoint.ca, endpoint.via?.name].join(
    ' ',
  );

async function reach(endpoint: ChannelEndpoint, machine: Machine): Promise<Reach> {
  const { host, tls } = endpoint;
  const nameError =
    isIP(host) === 0 && endpoint.via === undefined ? await lookupError(host, machine.lookup) : undefined;
  if (nameError !== undefined) return { nameError };
  if (endpoint.datagrams === true) return {};
  const socket = await open(endpoint, machine).catch(codeOf);
  if (typeof socket === 'string') return { connectError: socket };
  try {
    if (tls === 'none') return {};
    return await secure(endpoint, socket, machine).catch((error: unknown) => ({ tlsError: codeOf(error) }));
  } finally {
    socket.destroy();
  }
}

function lookupError(host: string, lookup: LookupFunction): Promise<string | undefined> {
  return new Promise((resolve) => lookup(host, {}, (error) => resolve(error === null ? undefined : codeOf(error))));
}

/** Resolves to a connected socket. */
async function open({ host, port, via }: ChannelEndpoint, machine: Machine): Promise<Socket> {
  if (via !== undefined) return await via.connect();
  const socket = connect({ host, port, lookup: machine.lookup, autoSelectFamily: true });
  return await within(
    machine,
    CONNECT_MS,
    socket,
    once(socket, 'connect').then(() => socket),
  );
}

/** Makes the TLS handshake without sending anything over it. */
async function secure(endpoint: ChannelEndpoint, socket: Socket, machine: Machine): Promise<Reach> {
  if (endpoint.upgrade !== undefined) await within(machine, ANSWER_MS, socket, endpoint.upgrade(socket));
  const secured = tlsOver(endpoint, socket);
  try {
    await within(machine, TLS_MS, secured, once(secured, 'secureConnect'));
    const expires = Date.parse(secured.getPeerCertificate().valid_to);
    const error = secured.authorized || !endpoint.verify ? undefined : secured.authorizationError;
    return { expires, ...(error !== undefined && error !== null && { tlsError: errorName(error) }) };
  } finally {
    secured.destroy();
  }
}

function tlsOver({ host, ca }: ChannelEndpoint, socket: Socket): TLSSocket {
  const options = { socket, host, rejectUnauthorized: false, ...(ca !== undefined && { ca }) };
  return connectTls({ ...options, ...(isIP(host) === 0 && { servername: host }) });
}

/** `authorizationError` is the code of an error, or the error, whatever its type says. */
const errorName = (error: unknown): string => (typeof error === 'string' ? error : codeOf(error));

/** Rejects with ETIMEDOUT after `ms`; the socket is then destroyed. */
async function within<T>(machine: Machine, ms: number, socket: Socket, work: Promise<T>): Promise<T> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = machine.clock.after(ms, () =>
      reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
    );
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    // An error that comes later has no listener any more.
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  } finally {
    cancel();
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}

/** Time in the `Date` header of an HTTP server, milliseconds since the epoch; undefined without an answer. Requests `HEAD /`. */
export async function serverTime(endpoint: ChannelEndpoint, machine: Machine): Promise<number | undefined> {
  const socket = await open(endpoint, machine).catch(() => undefined);
  if (socket === undefined) return undefined;
  const connection = endpoint.tls === 'implicit' ? tlsOver(endpoint, socket) : socket;
  try {
    const head = await within(machine, ANSWER_MS, connection, headOf(connection, endpointName(endpoint)));
    const time = Date.parse(/^date: *(.*?)\r?$/im.exec(head)?.[1] ?? '');
    return Number.isNaN(time) ? undefined : time;
  } catch {
    return undefined;
  } finally {
    connection.destroy();
    socket.destroy();
  }
}

async function headOf(connection: Socket, host: string): Promise<string> {
  connection.write(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Belfry\r\nConnection: close\r\n\r\n`);
  let head = '';
  for await (const chunk of connection) {
    head += (chunk as Buffer).toString('latin1');
    if (head.includes('\r\n\r\n') || head.length > MAX_HEAD_BYTES) break;
  }
  return head;
}
