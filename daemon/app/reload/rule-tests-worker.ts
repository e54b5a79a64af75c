import { parentPort, workerData } from 'node:worker_threads';
import { type RuleTestsInput, runRuleTests } from './run-rule-tests.ts';

// Runs the tests of the rules in its own thread, so that the event loop of the daemon does not wait.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
void runRuleTests(workerData as RuleTestsInput).then((output) => parentPort?.postMessage(output));
