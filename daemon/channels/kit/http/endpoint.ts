import { HTTP_URL, readUrl } from '../../../core/values/url.ts';
import type { ChannelEndpoint } from '../../channel.ts';
import { type Pem, trusted } from '../net/pem.ts';

/** Server of an http or https URL; none if the URL is invalid or not known yet. */
export function endpointOf(url: string, ca?: Pem): readonly ChannelEndpoint[] {
  const read = readUrl(url, HTTP_URL);
  if (!read.ok) return [];
  const { scheme, host, port } = read.url;
  const isTls = scheme === 'https';
  return [
    {
      host,
      port: port ?? (isTls ? 443 : 80),
      tls: isTls ? 'implicit' : 'none',
      verify: true,
      http: true,
      ...trusted(ca),
    },
  ];
}
