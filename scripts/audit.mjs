// `npm run audit`: asks the registry for advisories on the libraries of the program. An advisory that does not concern the program is
// explained below; every other one fails. A registry that gives no answer is said, and is no failure: there is nothing to compare.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Address of an advisory -> why the program is not affected. Empty: there is none. */
const EXPLAINED = {};

const root = fileURLToPath(new URL('..', import.meta.url));
const { stdout, stderr } = spawnSync('npm', ['audit', '--json', '--omit=dev'], { cwd: root, encoding: 'utf8' });
const report = parsed(stdout);
if (report?.vulnerabilities === undefined) {
  process.stderr.write(`NOT CHECKED for advisories: ${report?.message ?? stderr.trim()}\n`);
} else {
  const advisories = Object.values(report.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((each) => typeof each === 'object' && !(each.url in EXPLAINED));
  const lines = new Set(
    advisories.map(({ name, range, severity, title, url }) => `${name} ${range}: ${severity}: ${title}, ${url}`),
  );
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.stdout.write(`${lines.size} advisories, ${Object.keys(EXPLAINED).length} explained\n`);
  process.exitCode = lines.size === 0 ? 0 : 1;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
