import type { ServiceUrl } from '../urls/service-url.ts';

/** Scheme of the server: https for a scheme of Apprise with an `s` at its end. */
export const httpScheme = ({ scheme }: ServiceUrl): 'http' | 'https' => (scheme.endsWith('s') ? 'https' : 'http');
