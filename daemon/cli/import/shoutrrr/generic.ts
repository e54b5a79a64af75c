import { type Given, plainTemplate, type Reading } from '../urls/service.ts';
import type { ServiceUrl } from '../urls/service-url.ts';
import { httpScheme, type ShoutrrrService } from './service.ts';

/** Parameters of the target, and the headers of the request. */
function targetOf(url: ServiceUrl, scheme: string, reading: Reading): Given {
  const headers = [...url.marked('@')].map(([name, value]) => [name, reading.secret(`header_${name}`, value)]);
  // `_title=x` is the parameter `title` of the target.
  const query = new URLSearchParams(
    [...url.others()].map(([name, value]): [string, string] => [name.replace(/^_/, ''), value]),
  ).toString();
  const address = url.address(scheme, url.path);
  return {
    url: url.host === '' ? undefined : reading.secret('url', query === '' ? address : `${address}?${query}`),
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      ...(Object.fromEntries(headers) as Record<string, string>),
    },
  };
}

function webhook(url: ServiceUrl, reading: Reading): Given | undefined {
  const template = url.option('template')?.toLowerCase();
  const [title, message] = [url.option('titlekey') ?? 'title', url.option('messagekey') ?? 'message'];
  const method = url.option('method', 'requestmethod')?.toUpperCase() ?? 'POST';
  const contentType = url.option('contenttype');
  const scheme = httpScheme(url);
  const fields = [...url.marked('$')].map(([name, value]): readonly [string, string] => [name, plainTemplate(value)]);
  url.option('title', 'disabletls');
  if (template !== undefined && template !== 'json') {
    reading.lost('a template of shoutrrr is no template of Belfry', 'write `body` of a `webhook` channel by hand');
    return undefined;
  }
  const { headers, ...target } = targetOf(url, scheme, reading);
  const { 'Content-Type': plain, ...others } = headers as Record<string, string>;
  const isJson = template === 'json';
  const type = contentType ?? (isJson ? undefined : plain);
  const all = { ...(type !== undefined && { 'Content-Type': type }), ...others };
  return {
    ...target,
    ...(method !== 'POST' && { method }),
    ...(Object.keys(all).length > 0 && { headers: all }),
    body: isJson ? { [title]: '{{ title }}', [message]: '{{ body }}', ...Object.fromEntries(fields) } : '{{ body }}',
  };
}

/** Webhooks, and the log. */
export const GENERIC: readonly ShoutrrrService[] = [
  { schemes: ['generic'], type: 'webhook', needs: ['url'], settings: webhook },
  {
    schemes: ['generic+https', 'generic+http'],
    type: 'webhook',
    needs: ['url'],
    settings: (url, reading) => ({
      ...targetOf(url, url.scheme.slice('generic+'.length), reading),
      body: '{{ body }}',
    }),
  },
  { schemes: ['logger'], type: 'log', needs: [], settings: () => ({}) },
];
