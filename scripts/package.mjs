// `npm run package [npm|deb|sbom...]`: builds the packages and the list of their libraries, all of them by default, in packages/, with
// their SHA-256 sums.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../build/build.mjs';
import { buildDeb } from '../packaging/deb.mjs';
import { buildSbom } from '../packaging/sbom.mjs';
import { buildTarball } from '../packaging/tarball.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const BUILDERS = { npm: buildTarball, deb: buildDeb, sbom: buildSbom };

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
const sums = [];
for (const name of wanted) {
  const file = await BUILDERS[name]({ root, target });
  sums.push(`${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${path.basename(file)}\n`);
  process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
}
writeFileSync(path.join(target, 'SHA256SUMS'), sums.join(''));
