import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/** The floor of push, with `ws` alone: `push-floor-server PORT`; a POST sends messages to every client, one after another. */
const clients = new Set<WebSocket>();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
let seq = 0;

const server = createServer((request, response) => {
  const messages = Number((request.url ?? '').slice(1));
  request.resume().on('end', () => {
    response.writeHead(202, { 'content-length': 0 }).end();
    for (let message = 0; message < (messages || 0); message += 1) {
      seq += 1;
      const text = `{"type":"message","seq":${seq},"body":"${'x'.repeat(270)}"}`;
      for (const client of clients) client.send(text);
    }
  });
});
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    client.on('error', () => client.terminate());
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
