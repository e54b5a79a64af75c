// The floor of watching files: `fs.watch` on every folder, and a request with the path for each of its events.
import { watch } from 'node:fs';
import path from 'node:path';
import { Pool } from 'undici';

const [sinkUrl, ...folders] = process.argv.slice(2);
if (sinkUrl === undefined) throw new Error('SINK FOLDER...');
const sink = new Pool(new URL(sinkUrl).origin, { connections: 16, pipelining: 1 });

for (const folder of folders)
  watch(folder, (_event, name) => {
    if (name === null) return;
    void sink
      .request({ path: '/', method: 'POST', body: path.join(folder, name) })
      .then((answer) => answer.body.dump())
      .catch(() => undefined);
  });

process.once('SIGTERM', () => process.exit(0));
