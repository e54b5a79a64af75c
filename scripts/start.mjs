// `npm start`: builds what is missing, then runs the daemon on rules/ in the foreground.
import { build } from './build.mjs';

await build();
const { desktopTrouble } = await import('../dist/channels/local/desktop/desktop.js');
const trouble = desktopTrouble(process.env);
process.env.BELFRY_DESKTOP ??= trouble === undefined ? 'yes' : 'no';
process.argv.splice(2, process.argv.length, 'run', '--try-it', ...process.argv.slice(2));
await import('../bundle/main.js');
