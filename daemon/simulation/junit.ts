import type { Problem } from '../core/problems/failure.ts';
import type { TestResult } from './run-tests.ts';

/**
 * Results as JUnit XML for CI servers (https://github.com/testmoapp/junitxml). Invalid rules and test files are reported as
 * errors, so that a test that could not run does not look as if it had passed.
 */
export function junitText(results: readonly TestResult[], invalid: readonly Problem[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const failures = results.filter(({ ok }) => !ok).length;
  const suites = files.map((file) =>
    suiteText(
      file,
      results.filter((result) => result.file === file),
    ),
  );
  if (invalid.length > 0) suites.push(invalidText(invalid));
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="belfry" tests="${results.length + invalid.length}" failures="${failures}" errors="${invalid.length}">
${suites.join('\n')}
</testsuites>
`;
}

function suiteText(file: string, results: readonly TestResult[]): string {
  const failures = results.filter(({ ok }) => !ok).length;
  const cases = results.map(({ name, problems }) => {
    const head = `    <testcase name="${escaped(name)}" classname="${escaped(file)}"`;
    if (problems.length === 0) return `${head}/>`;
    const lines = problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
    return `${head}>\n      <failure message="${escaped(problems[0]!.message)}">${escaped(lines.join('\n'))}</failure>\n    </testcase>`;
  });
  return `  <testsuite name="${escaped(file)}" tests="${results.length}" failures="${failures}" errors="0">\n${cases.join('\n')}\n  </testsuite>`;
}

function invalidText(invalid: readonly Problem[]): string {
  const cases = invalid.map(({ file, line, column, message }) => {
    const position = `${file}:${line}:${column}`;
    const head = `    <testcase name="${escaped(position)}" classname="${escaped(file)}">`;
    return `${head}\n      <error message="${escaped(message)}">${escaped(`${position}: ${message}`)}</error>\n    </testcase>`;
  });
  return `  <testsuite name="invalid" tests="${invalid.length}" failures="0" errors="${invalid.length}">\n${cases.join('\n')}\n  </testsuite>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML text; control characters that XML cannot represent become U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
