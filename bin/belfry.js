#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../bundle/main.js', import.meta.url);
if (existsSync(built)) {
  await import(built.href);
} else {
  process.stderr.write('belfry: not built yet; run `npm run build` (or `npm start`, which does) in its folder first\n');
  process.exitCode = 1;
}
