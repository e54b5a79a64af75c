import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Network between one daemon and the server, which a test disturbs. */
export interface Link {
  readonly port: number;
  /** Passes no byte any more and closes nothing, also for new connections. */
  freeze(): void;
  /** Passes everything that waits, late. */
  thaw(): void;
  /** Closes each connection when the next bytes of the server come, which are lost; resolves to the number of connections. */
  loseAnswers(): number;
  close(): Promise<void>;
}

interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  losesAnswer: boolean;
}

export async function openLink(target: number): Promise<Link> {
  const passages = new Set<Passage>();
  let isFrozen = false;
  const stop = ({ client, server }: Passage): void => {
    client.unpipe().pause();
    server.pause();
  };
  const pass = ({ client, server }: Passage): void => {
    client.pipe(server);
    server.resume();
  };
  const listener = createServer({ noDelay: true }, (client) => {
    const server = connect({ port: target, host: '127.0.0.1', noDelay: true });
    const passage: Passage = { client, server, losesAnswer: false };
    passages.add(passage);
    const end = (): void => {
      passages.delete(passage);
      // Bytes that wait arrive before the end does.
      client.destroySoon();
      server.destroySoon();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    server.on('data', (bytes: Buffer) => {
      if (!passage.losesAnswer) return void client.write(bytes);
      client.resetAndDestroy();
      server.destroy();
    });
    if (isFrozen) stop(passage);
    else pass(passage);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    freeze() {
      isFrozen = true;
      for (const passage of passages) stop(passage);
    },
    thaw() {
      isFrozen = false;
      for (const passage of passages) pass(passage);
    },
    loseAnswers() {
      for (const passage of passages) passage.losesAnswer = true;
      return passages.size;
    },
    async close() {
      for (const { client, server } of passages) {
        client.destroy();
        server.destroy();
      }
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
