// Writes schemas/ and the reference tables in docs/ from the built program; `npm run generate` builds it first.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from '../dist/cli/generated.js';
import { loadRegistry } from '../dist/cli/registry.js';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const [name, text] of Object.entries(generatedFiles(await loadRegistry()))) {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${name}\n`);
}
