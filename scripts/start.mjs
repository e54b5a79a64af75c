// `npm start`: builds the program if needed, then runs the daemon on rules/ in the foreground.
import { build } from '../build/build.mjs';

await build();
const { loadChannelTypes } = await import('../dist/channels/index.js');
// Variables such as BELFRY_DESKTOP say to rules/hello.yaml which channel types work on this machine.
for (const { type, unavailable } of await loadChannelTypes())
  if (unavailable)
    process.env[`BELFRY_${type.toUpperCase()}`] ??= unavailable(process.env) === undefined ? 'yes' : 'no';
process.argv.splice(2, process.argv.length, 'run', '--try-it', ...process.argv.slice(2));
await import('../bundle/main.js');
