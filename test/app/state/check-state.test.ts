import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { constants as os } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { expect, test } from 'vitest';
import { stateError } from '../../../daemon/app/state/check-state.ts';
import type { StatePaths } from '../../../daemon/app/state/paths.ts';

const paths = { state: '/var/lib/belfry' } as StatePaths;
/** Error as Node.js makes it, which knows no name for some codes. */
function failure(name: keyof typeof os.errno, syscall: string, path?: string): Error {
  const errno = -os.errno[name];
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${code}: failed, ${syscall}`), {
    errno,
    code,
    syscall,
    ...(path !== undefined && { path }),
  });
}

test.for([
  ['EIO', 'open', '/var/lib/belfry/token', 74, 'state.failed'],
  ['EIO', 'write', undefined, 74, 'state.failed'],
  ['ENOSPC', 'fsync', undefined, 74, 'state.failed'],
  ['ENOSPC', 'write', undefined, 1, 'state.full'],
  ['EDQUOT', 'mkdir', '/var/lib/belfry/inbox', 1, 'state.full'],
  ['EROFS', 'open', '/var/lib/belfry/token', 78, 'state.unusable'],
  ['EACCES', 'mkdir', '/var/lib', 78, 'state.unusable'],
] as const)('%s of %s at the start ends it with a line that says what to do', ([code, syscall, path, exit, name]) => {
  const found = stateError(failure(code, syscall, path), paths);
  expect(found).toMatchObject({
    code: name,
    exit,
    message: expect.stringMatching(/; .*(?:start again|daemon\.state)/),
  });
});

test('an error about another file, and one that is none of the system, stay as they are', () => {
  const errors = [failure('EIO', 'open', '/etc/belfry/rules.yaml'), new Error('a bug')];
  for (const error of errors) expect(stateError(error, paths)).toBe(error);
});

test('a failed fsync of the system names its call and no path', () => {
  const fd = openSync('/proc/self/status', constants.O_RDONLY);
  try {
    fsyncSync(fd);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ syscall: 'fsync' });
    expect(error).not.toHaveProperty('path');
  } finally {
    closeSync(fd);
  }
});
