// Run by the build: starts the daemon once, on one rule, and keeps what V8 compiled of each chunk meanwhile beside it.
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const bundle = require('../bundle/load.js');

const folder = mkdtempSync(path.join(tmpdir(), 'belfry-build-'));
const rules = path.join(folder, 'rules.yaml');
writeFileSync(
  rules,
  `daemon: { listen: '127.0.0.1:0', state: ${JSON.stringify(path.join(folder, 'state'))}, log: { level: info, format: json } }
channels:
  hook: { type: webhook, url: 'http://127.0.0.1:9/' }
rules:
  - { name: any, match: { type: any }, message: { title: '{{ id }}' }, notify: [hook] }
`,
);
// A daemon tells where it is; this one is nobody's.
process.env.RUNTIME_DIRECTORY = path.join(folder, 'run');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// Its log is how it says that it is ready. At once, before it sets flags of V8: what is kept is for a process that begins.
process.stdout.write = (line) => {
  if (!String(line).includes('"msg":"ready"')) return true;
  bundle.keepCompiled();
  process.kill(process.pid, 'SIGTERM');
  return true;
};
process.argv.splice(2, process.argv.length, 'run', '--config', rules);
require('../bundle/main.js');
