import path from 'node:path';

/**
 * Counts the tests in the JSON report of vitest, and names what did not finish: vitest lists a file whose process ended with
 * `status: 'passed'`, and its tests as pending. `ended` has the exit code or the signal of vitest.
 */
export function testResult(report, ended, root) {
  const files = report.testResults;
  const count = (...statuses) =>
    files.flatMap((file) => file.assertionResults).filter((test) => statuses.includes(test.status)).length;
  const unfinished = files.filter(
    (file) => unfinishedTests(file).length > 0 || (file.status === 'passed' && file.assertionResults.length === 0),
  );
  // A file that could not be collected has no failed test, but counts as a failure.
  const broken = files.filter(
    (file) => file.status === 'failed' && !unfinished.includes(file) && !file.assertionResults.some(isFailed),
  );
  const lines = unfinished.flatMap((file) => [
    `${path.relative(root, file.name)} did not finish: its process ended, see the errors above`,
    ...unfinishedTests(file).map((test) => `  ${test.fullName}`),
  ]);
  let failed = count('failed') + broken.length + unfinished.length;
  if (failed === 0 && ended.status !== 0) {
    failed = 1;
    lines.push(`vitest ended with ${ended.signal ?? `code ${ended.status}`}, see the errors above`);
  }
  const skipped = count('skipped', 'todo');
  lines.push(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return { failed, lines };
}

const isFailed = (test) => test.status === 'failed';

const unfinishedTests = (file) => file.assertionResults.filter((test) => test.status === 'pending');
