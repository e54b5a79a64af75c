import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** Fault of certificates in PEM that are to be trusted. It is checked here, because TLS ignores a certificate that it cannot read. */
export function certificateFault(pem: string): { readonly message: string; readonly mend: string } | undefined {
  const blocks = pem.match(BLOCK) ?? [];
  const mend = 'refer to the PEM file of the authority: `ca: ${file:/etc/belfry/ca.pem}`';
  if (blocks.length === 0) return { message: '`ca` holds no certificate in PEM', mend };
  const broken = blocks.findIndex((block) => !isCertificate(block));
  if (broken === -1) return undefined;
  return { message: `certificate ${broken + 1} in \`ca\` cannot be read`, mend };
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).subject !== undefined;
  } catch {
    return false;
  }
}
