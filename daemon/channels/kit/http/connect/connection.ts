import type { SettingProblem } from '../../../../core/compile/registry.ts';
import type { NetworkSettings } from '../../../../core/ruleset.ts';
import { pem, proxy, secret, strict } from '../../../../core/schema/fields.ts';
import { Secret } from '../../../../lib/secrets/secret.ts';
import { Type } from '../../../../core/schema/type.ts';
import { proxyFault, type ProxySetting } from '../../../../core/values/proxy.ts';
import { authorityFault, caSetting, clientProblems } from '../../net/certificates.ts';
import type { Pem } from '../../net/pem.ts';
import { type Proxy, type ProxiedTarget, proxyOf } from '../../net/proxy.ts';
import type { ClientCertificate, TlsOptions } from '../../net/tls.ts';

/** Settings for the connections of every HTTP channel. */
export const connectionSettings = () => ({
  proxy: Type.Optional(
    proxy({
      description:
        'Proxy for the connections of this channel: its address (`http://`, `https://`, `socks5://` or `socks5h://`), `env` for HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or `none`. If not set, `daemon.proxy`.',
      examples: ['http://proxy.internal:3128', 'env', 'none'],
    }),
  ),
  ca: caSetting(),
});

/** Setting `client`: the certificate that this client shows to the server. */
export const clientSetting = () =>
  Type.Optional(
    strict(
      {
        cert: pem({
          description: 'The certificate, with those between it and the authority: the path of a PEM file, or its text.',
          examples: ['/etc/belfry/client.pem'],
        }),
        key: pem({
          description: 'The private key of the certificate: the path of a PEM file, or its text.',
          examples: ['/etc/belfry/client.key'],
        }),
        passphrase: Type.Optional(
          secret({ description: 'The passphrase of an encrypted key.', examples: ['${env:CLIENT_KEY_PASSPHRASE}'] }),
        ),
      },
      {
        description: 'Certificate that is shown to the server (mutual TLS). Files are read again for each connection.',
      },
    ),
  );

export interface ConnectionSettings {
  readonly proxy?: ProxySetting;
  readonly ca?: Pem;
  readonly client?: ClientCertificate;
}

export function checkConnection({ proxy: given, ca, client }: ConnectionSettings): SettingProblem[] {
  const faults = {
    proxy: given instanceof Secret ? proxyFault(given.reveal()) : undefined,
    ca: ca && authorityFault(ca),
  };
  const found = Object.entries(faults).flatMap(([name, fault]) =>
    fault === undefined ? [] : [{ pointer: `/${name}`, ...fault }],
  );
  return [...found, ...(client === undefined ? [] : clientProblems(client))];
}

/** Way of the connections of a client. */
export interface Connection extends TlsOptions {
  /** Proxy for a server; undefined for a direct connection. */
  readonly proxyOf: (target: ProxiedTarget) => Proxy | undefined;
}

/** Connection of a channel by its checked settings, which may be those of any type, and by those of `daemon:`. */
export function connectionOf(
  settings: unknown,
  network: NetworkSettings,
  env: Readonly<Record<string, string | undefined>>,
): Connection {
  const { proxy: own, ca, client } = settings as ConnectionSettings;
  const setting = own ?? network.proxy ?? 'none';
  return {
    proxyOf: (target) => proxyOf(setting, target, env),
    ...(ca !== undefined && { ca }),
    ...(client !== undefined && { client }),
  };
}
