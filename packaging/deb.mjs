// Builds the Debian package. It needs dpkg-deb, and no compiler: native code comes prebuilt with libsql.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { EXTERNAL } from '../build/build.mjs';
import { librariesOf, readPackage } from '../build/dependencies.mjs';
import { sourceEpoch } from './epoch.mjs';
import { run } from './run.mjs';
import { buildTarball } from './tarball.mjs';

const templates = path.join(import.meta.dirname, 'debian');
const PROGRAM = 'usr/lib/belfry';
const DOC = 'usr/share/doc/belfry';
const CONFIG = 'etc/belfry';

/** Documentation in the npm tarball, for which Debian has a place of its own. */
const PAGES = ['docs', 'examples', 'monitoring', 'README.md', 'README.zh-CN.md'];

/** Debian's names of Node's architectures; libsql has prebuilt code for these. */
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

/** Libraries that are loaded only on other systems than Linux, or only if the user has installed them. */
const NOT_ON_DEBIAN = ['node-notifier', 'bufferutil', 'utf-8-validate'];

/** Builds the package for this machine's architecture; returns its path. */
export async function buildDeb({ root, target }) {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined)
    throw new Error(`no Debian package is made for ${process.arch}: libsql has no code for it`);
  const { version } = readPackage(root);
  const work = mkdtempSync(path.join(tmpdir(), 'belfry-deb-'));
  try {
    const stage = path.join(work, 'stage');
    chmodSync(makeFolder(stage), 0o755);
    addProgram({ root, stage, work });
    addConfiguration(stage);
    addDocumentation({ root, stage, version });
    await addService({ root, stage });
    addControl({ stage, version, architecture });
    normalizeModes(stage);
    const file = path.join(target, `belfry_${version}_${architecture}.deb`);
    // One thread: the compressed bytes depend on the number of threads.
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(sourceEpoch(root)) };
    run('dpkg-deb', ['--root-owner-group', '-Zxz', '--threads-max=1', '--build', stage, file], { env });
    return file;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Adds the program as the npm tarball has it, with its libraries. */
function addProgram({ root, stage, work }) {
  const target = makeFolder(path.join(stage, PROGRAM));
  run('tar', ['-xzf', buildTarball({ root, target: work }), '--strip-components=1', '-C', target]);
  for (const name of [...PAGES, 'CHANGELOG.md', 'LICENSE', 'rules'])
    rmSync(path.join(target, name), { recursive: true, force: true });
  const names = EXTERNAL.filter((each) => typeof each === 'string' && !NOT_ON_DEBIAN.includes(each));
  for (const folder of librariesOf(names, root, ({ name }) => !name.endsWith('-musl')))
    cpSync(folder, path.join(target, path.relative(root, folder)), { recursive: true, filter: isProgramFile });
  const program = path.join(target, 'bin/belfry.js');
  writeFileSync(program, readFileSync(program, 'utf8').replace(/^#!.*/, '#!/usr/bin/node'));
  makeFolder(path.join(stage, 'usr/bin'));
  symlinkSync('../lib/belfry/bin/belfry.js', path.join(stage, 'usr/bin/belfry'));
}

/** Files of a library that the program can load; not its documentation, types or tests, nor hidden files such as `.eslintrc`. */
const isProgramFile = (file) =>
  !/\.(md|markdown|d\.[cm]?ts|map|txt|yml)$|\/(bin|docs|examples|tests?|\.[^/]+)$/i.test(file);

/** Adds the starter rules of `belfry init`, which dpkg treats as configuration files. */
function addConfiguration(stage) {
  const folder = path.join(stage, CONFIG);
  makeFolder(path.dirname(folder));
  belfry(stage, ['init', folder]);
  const files = filesBelow(folder).map((file) => `/${path.relative(stage, file)}\n`);
  writeFileSync(path.join(makeFolder(path.join(stage, 'DEBIAN')), 'conffiles'), files.join(''));
}

function addDocumentation({ root, stage, version }) {
  const target = makeFolder(path.join(stage, DOC));
  for (const name of PAGES) cpSync(path.join(root, name), path.join(target, name), { recursive: true });
  cpSync(path.join(templates, 'copyright'), path.join(target, 'copyright'));
  writeFileSync(path.join(target, 'CHANGELOG.md.gz'), compressed(readFileSync(path.join(root, 'CHANGELOG.md'))));
  writeFileSync(path.join(target, 'changelog.gz'), compressed(debianChangelog(version, sourceEpoch(root))));
  const manual = path.join(stage, PROGRAM, 'bundle/man/belfry.1');
  write(stage, 'usr/share/man/man1/belfry.1.gz', compressed(readFileSync(manual)));
  rmSync(path.dirname(manual), { recursive: true });
  for (const [shell, file] of Object.entries(COMPLETIONS)) write(stage, file, belfry(stage, ['completion', shell]));
}

const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/belfry',
  zsh: 'usr/share/zsh/vendor-completions/_belfry',
  fish: 'usr/share/fish/vendor_completions.d/belfry.fish',
};

/** Adds the unit that `belfry service install` would write. Its `Type` is the one that every supported systemd knows. */
async function addService({ root, stage }) {
  const { SYSTEM_CONFIG, unitText } = await import(path.join(root, 'dist/service/systemd/unit.js'));
  const settings = { command: ['/usr/bin/belfry'], config: SYSTEM_CONFIG, version: 252, account: { user: 'belfry' } };
  write(stage, 'usr/lib/systemd/system/belfry.service', unitText(settings));
}

function addControl({ stage, version, architecture }) {
  const kilobytes = Math.ceil(filesBelow(stage).reduce((sum, file) => sum + statSync(file).size, 0) / 1024);
  const values = { version, architecture, installed_size: kilobytes, maintainer: maintainer() };
  const control = readFileSync(path.join(templates, 'control'), 'utf8').replace(/@(\w+)@/g, (_, name) => values[name]);
  write(stage, 'DEBIAN/control', control);
  for (const script of ['postinst', 'prerm', 'postrm'])
    write(stage, `DEBIAN/${script}`, readFileSync(path.join(templates, script)));
  const files = filesBelow(path.join(stage, 'usr')).map((file) => path.relative(stage, file));
  write(stage, 'DEBIAN/md5sums', run('md5sum', files, { cwd: stage }));
}

/** Name and address of the person who builds the package, as Debian's own tools find it: `$DEBFULLNAME`, `$DEBEMAIL`. */
const maintainer = ({ DEBFULLNAME = 'Belfry maintainers', DEBEMAIL = 'maintainers@belfry.example' } = process.env) =>
  `${DEBFULLNAME} <${DEBEMAIL}>`;

const debianChangelog = (version, epoch) =>
  `belfry (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- ${maintainer()}  ${new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')}\n`;

/** Runs the program of the package. */
const belfry = (stage, args) => run(process.execPath, [path.join(stage, PROGRAM, 'bin/belfry.js'), ...args]);

/** Compressed without name and time, so that equal content gives equal files. */
const compressed = (content) => gzipSync(content, { level: 9 });

function write(stage, name, content) {
  const file = path.join(stage, name);
  makeFolder(path.dirname(file));
  writeFileSync(file, content);
}

function makeFolder(folder) {
  mkdirSync(folder, { recursive: true });
  return folder;
}

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();

/** Programs and maintainer scripts. */
const isExecutable = (name) => name === `${PROGRAM}/bin/belfry.js` || /^DEBIAN\/(postinst|prerm|postrm)$/.test(name);

/** Modes by the kind of file, not by the umask and the checkout of the person who builds. */
function normalizeModes(stage) {
  for (const entry of readdirSync(stage, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    chmodSync(file, entry.isDirectory() || isExecutable(path.relative(stage, file)) ? 0o755 : 0o644);
  }
}
