import type { Service } from '../urls/service.ts';
import type { ServiceUrl } from '../urls/service-url.ts';

/** A service of shoutrrr. */
export interface ShoutrrrService extends Service {
  /** Whether a URL can only be one of shoutrrr; absent if Apprise has no such scheme. */
  readonly isOwn?: (url: ServiceUrl) => boolean;
}

/** Scheme of the server: https, unless the URL says otherwise. */
export const httpScheme = (url: ServiceUrl): 'http' | 'https' =>
  url.isSet('disabletls') || url.option('scheme') === 'http' ? 'http' : 'https';
