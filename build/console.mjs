// Builds the web console: modules and style sheets with a hash in their names, each also compressed, and the page that names them.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const LANGUAGES = ['en', 'zh'];

/** Writes the files to `bundle/console`. `index-en.html` and `index-zh.html` are the page; all other names have a hash of the content. */
export async function buildConsole(root, bundle) {
  const source = path.join(root, 'console');
  const target = path.join(bundle, 'console');
  mkdirSync(target, { recursive: true });
  const { script, ...texts } = await buildScripts(source, target);
  const style = writeHashed(target, 'console', 'css', styleOf(source));
  const icon = writeHashed(target, 'icon', 'svg', readFileSync(path.join(source, 'icon.svg'), 'utf8'));
  const page = readFileSync(path.join(source, 'index.html'), 'utf8');
  // A page for each language, so that its texts are loaded together with the script.
  for (const language of LANGUAGES) {
    const names = { script, style, icon, texts: texts[language] };
    writeFileSync(
      path.join(target, `index-${language}.html`),
      page.replace(/%(script|style|icon|texts)%/g, (_, name) => names[name]),
    );
  }
  compressAll(target);
  return target;
}

async function buildScripts(source, target) {
  const joined = await rolldown({
    input: path.join(source, 'main.tsx'),
    platform: 'browser',
    logLevel: 'warn',
    tsconfig: path.join(source, 'tsconfig.json'),
    transform: { target: 'es2022' },
  });
  const { output } = await joined.write({
    dir: target,
    format: 'esm',
    comments: false,
    minify: true,
    entryFileNames: '[name]-[hash].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await joined.close();
  const named = Object.fromEntries(output.map(({ name, fileName }) => [name, fileName]));
  return { script: output.find(({ isEntry }) => isEntry).fileName, en: named.en, zh: named.zh };
}

/** One style sheet: the shared ones in the order of their names, then those of the pages. */
function styleOf(source) {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.css'))
    .sort((a, b) => Number(a.startsWith('pages')) - Number(b.startsWith('pages')) || (a < b ? -1 : 1));
  return files
    .map((file) => readFileSync(path.join(source, file), 'utf8'))
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s*([{};\n])\s*/g, (_, sign) => sign.trim())
    .replace(/([:,])\s+/g, '$1')
    .replaceAll(';}', '}')
    .trim();
}

function writeHashed(target, name, extension, content) {
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 8);
  const file = `${name}-${hash}.${extension}`;
  writeFileSync(path.join(target, file), content);
  return file;
}

function compressAll(target) {
  for (const file of readdirSync(target)) {
    const content = readFileSync(path.join(target, file));
    writeFileSync(path.join(target, `${file}.gz`), gzipSync(content, { level: 9 }));
    const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
    writeFileSync(path.join(target, `${file}.br`), brotliCompressSync(content, options));
  }
}
