#!/usr/bin/env node
// CommonJS (package.json of this folder): the loader of ECMAScript modules takes 4 ms of every command.
const { accessSync, constants, existsSync } = require('node:fs');
const nodeModule = require('node:module');
const { homedir } = require('node:os');
const path = require('node:path');

/**
 * A folder of this user: in the shared temporary directory another user could leave compiled code that Belfry would run. Undefined
 * for a user without a home.
 */
function cacheFolder({ CACHE_DIRECTORY, XDG_CACHE_HOME }) {
  if (CACHE_DIRECTORY) return CACHE_DIRECTORY.split(':')[0];
  try {
    if (XDG_CACHE_HOME) return path.join(XDG_CACHE_HOME, 'belfry');
    // Node never returns where the system says that nothing can be created in a home, as on an automounter.
    accessSync(homedir(), constants.W_OK);
    return path.join(homedir(), '.cache', 'belfry');
  } catch {
    return undefined;
  }
}

/** Node 22.8 and later keep the code that V8 compiled for the next start. A folder that cannot be written is not an error. */
function enableCompileCache() {
  const folder = cacheFolder(process.env);
  if (folder !== undefined && path.isAbsolute(folder)) nodeModule.enableCompileCache?.(folder);
}

const built = path.join(__dirname, '../bundle/main.js');
if (existsSync(built)) {
  enableCompileCache();
  require(built);
} else {
  process.stderr.write('belfry: not built yet; run `npm run build` (or `npm start`, which does) in its folder first\n');
  process.exitCode = 1;
}
