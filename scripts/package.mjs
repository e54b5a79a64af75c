// `npm run package [npm|deb...]`: builds the packages, all of them by default, in packages/.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../build/build.mjs';
import { buildDeb } from '../packaging/deb.mjs';
import { buildTarball } from '../packaging/tarball.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const BUILDERS = { npm: buildTarball, deb: buildDeb };

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BUILDERS);
const unknown = wanted.filter((name) => !(name in BUILDERS));
if (unknown.length > 0) {
  process.stderr.write(`unknown package: ${unknown.join(', ')}; known are ${Object.keys(BUILDERS).join(', ')}\n`);
  process.exit(2);
}
const target = path.join(root, 'packages');
await build();
rmSync(target, { recursive: true, force: true });
mkdirSync(target);
for (const name of wanted)
  process.stdout.write(`${path.relative(process.cwd(), await BUILDERS[name]({ root, target }))}\n`);
