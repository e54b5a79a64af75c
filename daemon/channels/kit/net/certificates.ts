import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import { pem as pemField } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { type Pem, pemNow } from './pem.ts';
import type { ClientCertificate } from './tls.ts';

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** Setting `ca` of a channel that speaks TLS. */
export const caSetting = () =>
  Type.Optional(
    pemField({
      description:
        'Certificates of authorities to trust in place of those of the system: the path of a PEM file, or its text.',
      examples: ['/etc/belfry/ca.pem', '${file:/etc/belfry/ca.pem}'],
    }),
  );

type Fault = Omit<SettingProblem, 'pointer'>;

/** Fault of certificates that are to be trusted. It is checked here, because TLS ignores a certificate that it cannot read. */
export function authorityFault(pem: Pem): Fault | undefined {
  const read = pemNow(pem);
  if ('message' in read) return read;
  const mend = 'name the PEM file of the authority: `ca: /etc/belfry/ca.pem`';
  const blocks = read.text.match(BLOCK) ?? [];
  if (blocks.length === 0) return { message: '`ca` holds no certificate in PEM', mend };
  const broken = blocks.findIndex((block) => certificateOf(block) === undefined);
  return broken === -1 ? undefined : { message: `certificate ${broken + 1} in \`ca\` cannot be read`, mend };
}

/** Problems of a client certificate and its key. */
export function clientProblems({ cert, key, passphrase }: ClientCertificate): SettingProblem[] {
  const found = (name: string, message: string, mend: string): SettingProblem[] => [
    { pointer: `/client/${name}`, message, mend },
  ];
  const [certRead, keyRead] = [pemNow(cert), pemNow(key)];
  if ('message' in certRead) return found('cert', certRead.message, certRead.mend);
  if ('message' in keyRead) return found('key', keyRead.message, keyRead.mend);
  const certificate = certificateOf((certRead.text.match(BLOCK) ?? [])[0] ?? '');
  if (certificate === undefined)
    return found('cert', '`cert` holds no certificate in PEM', 'name the PEM file with the certificate of this client');
  const privateKey = privateKeyOf(keyRead.text, passphrase?.reveal());
  if (typeof privateKey === 'string') {
    const [message, mend] = KEY_FAULTS[privateKey];
    return found(privateKey, message, mend);
  }
  if (!certificate.checkPrivateKey(privateKey))
    return found('key', '`key` is not the key of this certificate', 'name the key with which the certificate was made');
  if (Date.parse(certificate.validTo) > systemClock.now()) return [];
  return found('cert', `the certificate expired on ${certificate.validTo}`, 'renew it, or correct the clock');
}

const KEY_FAULTS = {
  key: ['`key` holds no private key in PEM', 'name the PEM file with the private key of the certificate'],
  passphrase: ['`passphrase` does not decrypt the key, or is missing', 'give the passphrase of the key'],
} as const;

/** The private key, or the setting with the fault. */
function privateKeyOf(text: string, passphrase: string | undefined): KeyObject | keyof typeof KEY_FAULTS {
  try {
    return createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text) ? 'passphrase' : 'key';
  }
}

function certificateOf(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}
