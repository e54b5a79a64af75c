#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';

const built = new URL('../bundle/main.js', import.meta.url);
if (existsSync(built)) {
  // Node 22.8 and later keep what V8 compiled for the next start.
  module.enableCompileCache?.();
  await import(built.href);
} else {
  process.stderr.write('belfry: not built yet; run `npm run build` (or `npm start`, which does) in its folder first\n');
  process.exitCode = 1;
}
