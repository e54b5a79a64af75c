import { basicLogin, type Given, plainTemplate, type Reading, type Service } from '../../urls/service.ts';
import type { ServiceUrl } from '../../urls/service-url.ts';
import { httpScheme } from '../scheme.ts';

/** Kind of a message for receivers of Apprise. https://github.com/caronc/apprise/wiki/Development_API */
const KIND =
  "{% if status == 'resolved' %}success{% elsif priority == 'urgent' %}failure{% elsif priority == 'high' %}warning{% else %}info{% endif %}";

const FIELDS: Readonly<Record<string, string>> = {
  version: '1.0',
  title: '{{ title }}',
  message: '{{ body }}',
  type: KIND,
};

/** Fields of a request. `:title=subject` in the URL renames a field, `:title=` omits it, and any other name adds one. */
function fieldsOf(url: ServiceUrl): Readonly<Record<string, string>> {
  const fields = new Map(Object.entries(FIELDS));
  for (const [name, value] of url.marked(':')) {
    const known = fields.get(name);
    if (known === undefined) fields.set(name, plainTemplate(value));
    else {
      fields.delete(name);
      if (value !== '') fields.set(value, known);
    }
  }
  return Object.fromEntries(fields);
}

const ENVELOPE = `<?xml version='1.0' encoding='utf-8'?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <soapenv:Body>
    <Notification xmlns:xsi="http://nuxref.com/apprise/NotifyXML-1.1.xsd">
      <Version>1.1</Version>
      <Subject>{{ title }}</Subject>
      <MessageType>${KIND}</MessageType>
      <Message>{{ body }}</Message>
    </Notification>
  </soapenv:Body>
</soapenv:Envelope>
`;

/** Headers of the URL. They may hold a token, so all but the content type are secrets. */
function headersOf(url: ServiceUrl, contentType: string | undefined, reading: Reading): Given {
  const own = [...url.marked('+')].map(([name, value]) => [name, reading.secret(`header_${name}`, value)]);
  return {
    ...(contentType !== undefined && { 'Content-Type': contentType }),
    ...basicLogin(url, reading),
    ...Object.fromEntries(own),
  };
}

function request(
  url: ServiceUrl,
  reading: Reading,
  contentType: string | undefined,
  body: Given | string,
): Given | undefined {
  const method = url.option('method')?.toUpperCase() ?? 'POST';
  if (!/^(?:POST|PUT|PATCH)$/.test(method)) {
    reading.lost(`a webhook channel sends no body by ${method}`, 'use POST, PUT or PATCH');
    return undefined;
  }
  if (url.host === '') return {};
  const query = new URLSearchParams([...url.marked('-')]).toString();
  const address = url.address(httpScheme(url), url.path);
  const headers = headersOf(url, contentType, reading);
  return {
    url: reading.secret('url', query === '' ? address : `${address}?${query}`),
    ...(method !== 'POST' && { method }),
    ...(Object.keys(headers).length > 0 && { headers: headers as Readonly<Record<string, string>> }),
    body: body as string,
  };
}

const FACILITY = /^(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|local[0-7])$/;

/** Webhooks, brokers and logs. */
export const WEB: readonly Service[] = [
  {
    schemes: ['json', 'jsons'],
    type: 'webhook',
    needs: ['url'],
    settings: (url, reading) => request(url, reading, undefined, fieldsOf(url)),
  },
  {
    schemes: ['form', 'forms'],
    type: 'webhook',
    needs: ['url'],
    settings: (url, reading) => request(url, reading, 'application/x-www-form-urlencoded', fieldsOf(url)),
  },
  {
    schemes: ['xml', 'xmls'],
    type: 'webhook',
    needs: ['url'],
    settings: (url, reading) => request(url, reading, 'application/xml', ENVELOPE),
  },
  {
    schemes: ['mqtt', 'mqtts'],
    type: 'mqtt',
    needs: ['url', 'topic'],
    settings(url, { secret }) {
      const address = url.host === '' ? undefined : url.address(url.scheme, []);
      const qos = url.option('qos');
      const topics = [url.path.join('/'), ...url.items('to')]
        .flatMap((topic) => topic.split(/[\s,]+/))
        .filter((topic) => topic !== '');
      return topics.map((topic) => ({
        url: address,
        user: url.user,
        password: secret('password', url.password),
        topic: plainTemplate(topic),
        qos: qos === undefined ? undefined : Number(qos),
        ...(url.isSet('retain') && { retain: true }),
      }));
    },
  },
  {
    schemes: ['rsyslog'],
    type: 'syslog',
    needs: ['url'],
    settings(url) {
      url.option('logpid');
      const written = url.option('facility') ?? url.path[0];
      return { url: url.host === '' ? undefined : url.address('udp', []), facility: facilityOf(written) };
    },
  },
  {
    schemes: ['syslog'],
    type: 'command',
    needs: ['run'],
    settings(url) {
      url.option('logpid', 'logperror');
      const facility = facilityOf(url.option('facility') ?? (url.host === '' ? undefined : url.host)) ?? 'user';
      return { run: ['logger', '-t', 'belfry', '-p', `${facility}.notice`, '--', '{{ title }}: {{ body }}'] };
    },
  },
];

/** Facility with this beginning, as Apprise finds it: `u` is `user`. A name that is none is refused when the channel is compiled. */
function facilityOf(written: string | undefined): string | undefined {
  const name = written?.toLowerCase();
  if (name === undefined || FACILITY.test(name)) return name;
  const all = ['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'local0'];
  return all.find((facility) => facility.startsWith(name)) ?? name;
}
