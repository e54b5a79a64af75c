// Copied into bundle/, where it begins each program: a chunk is run from what V8 made of it when it was built (`warm.cjs`), which
// takes a fifth of the time of compiling it. V8 itself refuses what another version or other flags made; then it is compiled as ever.
const { readFileSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const vm = require('node:vm');
const { crc32 } = require('node:zlib');

const modules = new Map();
const scripts = new Map();

const HEAD = Buffer.from('(function (exports, require, module, __filename, __dirname) {');
const TAIL = Buffer.from('\n})');

/** Of this Node on this machine only: V8 does not look at the processor. */
const compiledFile = (file) => `${file}.${process.version}-${process.platform}-${process.arch}.compiled`;

/** V8 trusts what is in it, so half of a file must not come to it: the last four bytes are the sum of the others. */
function compiledOf(file) {
  try {
    const kept = readFileSync(compiledFile(file));
    const data = kept.subarray(0, -4);
    return crc32(data) === kept.readUInt32LE(data.length) ? data : undefined;
  } catch {
    return undefined;
  }
}

function keep(file, script) {
  const data = script.createCachedData();
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(data));
  writeFileSync(compiledFile(file), Buffer.concat([data, sum]));
}

function compile(file) {
  const script = new vm.Script(Buffer.concat([HEAD, readFileSync(file), TAIL]).latin1Slice(), {
    filename: file,
    cachedData: compiledOf(file),
  });
  scripts.set(file, script);
  return script.runInThisContext();
}

function load(file) {
  const known = modules.get(file);
  if (known !== undefined) return known.exports;
  const module = new Module(file);
  modules.set(file, module);
  const outside = Module.createRequire(file);
  const inside = (id) => (id.startsWith('./') ? chunk(path.join(__dirname, id)) : outside(id));
  module.require = inside;
  // Node maps positions to the sources only in what it compiles itself.
  if (process.sourceMapsEnabled) module._compile(readFileSync(file, 'utf8'), file);
  else compile(file).call(module.exports, module.exports, inside, module, file, __dirname);
  return module.exports;
}

/** Who asks for a thing of another chunk always names the chunk too: so it need not be there before. */
function chunk(file) {
  if (!path.basename(file).startsWith('later-')) return load(file);
  return new Proxy({}, { get: (_, name) => load(file)[name] });
}

/** Keeps what is compiled by now. */
const keepCompiled = () => {
  for (const [file, script] of scripts) keep(file, script);
};

module.exports = { load: (name) => load(path.join(__dirname, name)), keepCompiled };
