// HTTP server: adds each event to the queue as a job before its 202; a worker posts it to the sink.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Pool } from 'undici';

interface Job {
  readonly data: { readonly text: string };
}
interface BullMq {
  readonly Queue: new (name: string, options: object) => { add(name: string, data: Job['data']): Promise<unknown> };
  readonly Worker: new (name: string, work: (job: Job) => Promise<void>, options: object) => unknown;
}

const [folder = '', port, redisPort, sinkUrl = ''] = process.argv.slice(2);
const installed = createRequire(path.join(path.resolve(folder), 'package.json'));
const { Queue, Worker } = installed('bullmq') as BullMq;
const connection = { host: '127.0.0.1', port: Number(redisPort), maxRetriesPerRequest: null };

const queue = new Queue('events', {
  connection,
  defaultJobOptions: { removeOnComplete: true, attempts: 10_000, backoff: { type: 'exponential', delay: 500 } },
});
const sink = new Pool(new URL(sinkUrl).origin, { connections: 16, pipelining: 1 });
const headers = { 'content-type': 'application/json' };

async function work({ data }: Job): Promise<void> {
  const answer = await sink.request({ path: '/', method: 'POST', headers, body: data.text });
  await answer.body.dump();
  if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`);
}
void new Worker('events', work, { connection, concurrency: 16 });

createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (part: string) => {
    text += part;
  });
  request.on('end', () => {
    const event = JSON.parse(text) as { readonly type: string };
    const answer = (status: number): void => {
      response.writeHead(status, { 'content-length': 0 });
      response.end();
    };
    queue.add(event.type, { text }).then(
      () => answer(202),
      () => answer(503),
    );
  });
}).listen(Number(port), '127.0.0.1', 4096);
