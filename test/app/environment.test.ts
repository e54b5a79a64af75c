import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { environmentWarnings, refuseUnsafeEnvironment } from '../../daemon/app/environment.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test.each([
  ['NODE_TLS_REJECT_UNAUTHORIZED', '0', 'set `ca` on the channel'],
  ['NODE_OPTIONS', '--max-old-space-size=512 --tls-min-v1.0', '`--tls-min-v1.0`'],
  ['NODE_OPTIONS', '--tls_min_v1.1', '`--tls-min-v1.1`'],
  ['NODE_OPTIONS', '"--tls-keylog=/var/tmp/keys"', '`--tls-keylog`'],
  ['NODE_OPTIONS', '--insecure-http-parser', '`--insecure-http-parser`'],
  ['NODE_OPTIONS', '--security-revert=CVE-2023-46809', '`--security-revert`'],
  ['NODE_DEBUG', 'net,undici', 'print the addresses'],
  ['NODE_DEBUG', 'FETCH', 'print the addresses'],
  ['NODE_DEBUG', 'web*', 'print the addresses'],
  ['NODE_DEBUG', '*', 'print the addresses'],
])('%s=%s is refused by name, with exit code 78', (name, value, says) => {
  const refuse = (): void => refuseUnsafeEnvironment({ [name]: value });
  expect(refuse).toThrow(expect.objectContaining({ code: 'environment.unsafe', exit: 78 }));
  expect(refuse).toThrow(`the environment variable ${name} is \`${value}\`: `);
  expect(refuse).toThrow(says);
});

test('harmless and empty variables are accepted', () => {
  const harmless = {
    NODE_TLS_REJECT_UNAUTHORIZED: '1',
    NODE_OPTIONS: '--max-old-space-size=512 --tls-max-v1.2 --tls-min-v1.2 --enable-source-maps',
    NODE_DEBUG: 'timer,net',
    NODE_EXTRA_CA_CERTS: '',
    TZ: '',
  };
  expect(() => refuseUnsafeEnvironment(harmless)).not.toThrow();
  expect(environmentWarnings(harmless)).toEqual([]);
});

test('unreadable certificates and an unknown time zone cause a warning', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'ca.pem');
  expect(environmentWarnings({ NODE_EXTRA_CA_CERTS: file, TZ: 'Asia/Shangai' })).toEqual([
    `the environment variable NODE_EXTRA_CA_CERTS is \`${file}\`: it cannot be read (ENOENT), and is ignored; connections to what it certifies will fail`,
    'the environment variable TZ is `Asia/Shangai`: it names no time zone, so local times may be those of UTC; write one like `Asia/Shanghai`',
  ]);
  await writeFile(file, '');
  expect(environmentWarnings({ NODE_EXTRA_CA_CERTS: file, TZ: 'Asia/Shanghai' })).toEqual([]);
});
