// Copied into bundle/, where it begins each program: a chunk is run from what V8 made of it when it was built (`warm.cjs`), which
// takes a fifth of the time of compiling it. V8 itself refuses what another version or other flags made; then it is compiled as ever.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const modules = new Map();
/** By file, for who keeps what was compiled. */
const scripts = new Map();

const HEAD = Buffer.from('(function (exports, require, module, __filename, __dirname) {');
const TAIL = Buffer.from('\n})');

/** Of this Node on this machine only: V8 does not look at the processor. */
const compiledFile = (file) => `${file}.${process.version}-${process.platform}-${process.arch}`;

function ifThere(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function compile(file) {
  const script = new vm.Script(Buffer.concat([HEAD, readFileSync(file), TAIL]).latin1Slice(), {
    filename: file,
    cachedData: ifThere(compiledFile(file)),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  scripts.set(file, script);
  return script.runInThisContext();
}

function load(file) {
  const outside = createRequire(file);
  // Node maps positions to the sources only in what it loads itself.
  if (process.sourceMapsEnabled) return outside(file);
  const known = modules.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(file, module);
  const inside = (id) => (id.startsWith('./') ? load(path.join(__dirname, id)) : outside(id));
  compile(file).call(module.exports, module.exports, inside, module, file, __dirname);
  return module.exports;
}

module.exports = { load: (name) => load(path.join(__dirname, name)), scripts, compiledFile };
