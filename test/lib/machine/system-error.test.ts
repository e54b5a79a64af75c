import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { expect, test } from 'vitest';
import { isDiskFull, messageOf, systemErrorCode } from '../../../daemon/lib/machine/system-error.ts';

/** Error of a call as Node.js makes it. */
function errorOf(name: keyof typeof constants.errno): Error {
  const errno = -constants.errno[name];
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${code}: ${code}, open '/srv/file'`), { errno, code, syscall: 'open' });
}

/** Error of a synchronous call, for a code that Node.js does not know. */
const synchronousQuota = Object.assign(new Error("UNKNOWN: unknown error, open '/srv/file'"), {
  errno: -constants.errno.EDQUOT,
  code: 'UNKNOWN',
  syscall: 'open',
});

test.each(['ENOSPC', 'EDQUOT', 'ESTALE', 'EIO'] as const)('%s has its name, also where Node.js knows none', (name) => {
  expect(systemErrorCode(errorOf(name))).toBe(name);
  expect(messageOf(errorOf(name))).toMatch(new RegExp(`^${name}(?:: ${name})?, open '/srv/file'$`));
});

test('an exhausted quota is a full disk, and a failed disk is not', () => {
  const errors = [errorOf('ENOSPC'), errorOf('EDQUOT'), synchronousQuota, errorOf('EIO')];
  expect(errors.map(isDiskFull)).toEqual([true, true, true, false]);
  expect(messageOf(synchronousQuota)).toBe("EDQUOT, open '/srv/file'");
});

test('an error of another kind has the code and the message that it had', () => {
  const error = Object.assign(new Error('it is full'), { code: 'intake.queue_full' });
  expect([systemErrorCode(error), messageOf(error), isDiskFull(error)]).toEqual([
    'intake.queue_full',
    'it is full',
    false,
  ]);
  expect([systemErrorCode(new Error('a bug')), messageOf(new Error('a bug'))]).toEqual([undefined, 'a bug']);
});
