import type { DeliveryView } from '../../http/daemon-api.ts';
import { harmless, harmlessLines, indented } from './terminal.ts';

type Part = { readonly headers: Readonly<Record<string, string>>; readonly body?: string };

/** Lines with the request of the last attempt and its answer, as HTTP writes them; none if the daemon has no request. */
export function exchangeLines({ request, answer, requests }: DeliveryView): readonly string[] {
  if (request === undefined) return [];
  const count = requests === undefined ? '' : ` (the last of ${requests})`;
  return [
    `  request${count}:`,
    ...partLines(`${harmless(request.method)} ${harmless(request.url)}`, request),
    ...(answer === undefined ? ['  no answer'] : ['  answer:', ...partLines(String(answer.status), answer)]),
  ];
}

function partLines(first: string, { headers, body = '' }: Part): readonly string[] {
  const names = Object.entries(headers).map(([name, value]) => `${harmless(name)}: ${harmless(value)}`);
  const text = body === '' ? [] : ['', harmlessLines(body)];
  return [indented(indented([first, ...names, ...text].join('\n')))];
}
