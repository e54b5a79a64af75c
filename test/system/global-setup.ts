import { prepareDebianRoot } from '../support/debian-root.ts';

/** Makes the clean Debian root that the tests copy; vitest calls the returned function at the end of the run. */
export function setup(): Promise<() => Promise<void>> {
  return prepareDebianRoot();
}
