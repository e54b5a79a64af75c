import { loadChannelFamilies } from '../../daemon/channels/index.ts';
import { formatDuration } from '../../daemon/lib/time/duration.ts';
import { type ChannelContract, type DocumentedRefusal, documentedRefusals } from './contract.ts';

const HEAD = `<!-- Generated from the contracts of the channel types in \`test/channels\` by \`npm run generate\`; edit those. -->

# Refusals

What each provider refuses, and what to do about it. Each row of a type is also a test: the channel gets this answer and must make this failure of it.
[Delivery](delivery.md#classes-of-failures) explains the classes. A status without a row means what [any HTTP status](channels/webhook.md#success-and-failure) means.
\`belfry channel test\`, \`belfry dead show ID\` and \`belfry deliveries\` show the code.

## Connections, of every type

A failure before the request went out is transient, one after it unknown, where nothing else is said.

| code | cause | class | what to do |
| --- | --- | --- | --- |
| \`net.refused\`, \`net.unreachable\`, \`net.reset\`, \`net.connect_timeout\`, \`net.timeout\`, \`net.failed\` | the server, or a firewall before it, takes no connection or cuts it | by the time | check the host and the port; \`belfry doctor\` tries to connect |
| \`net.dns\` | the host name was not found, or the name servers gave no answer | by the time | correct the host name, or the name servers of this machine |
| \`net.egress_denied\` | \`daemon.egress\` does not allow the address | permanent, misconfigured | allow it in \`daemon.egress\`, if the channel may go there |
| \`net.no_socket\`, \`net.no_permission\` | the Unix socket is not there; the user of the daemon may not open it | transient; permanent, misconfigured | start the server; correct the path or the permissions |
| \`net.no_resources\` | this machine has no sockets or file descriptors left | by the time | raise the limit of open files |
| \`net.aborted\` | the daemon stopped, or the time of the attempt was over, before anything was sent | transient | nothing: it is tried again |
| \`tls.untrusted\` | the authority of the certificate is not trusted | permanent, misconfigured | give its certificate in \`ca\` |
| \`tls.expired\`, \`tls.not_yet_valid\`, \`tls.revoked\`, \`tls.wrong_name\` | the certificate of the server is not valid, now or for this name | permanent, misconfigured | renew it, or correct the host name or the clock of this machine |
| \`tls.protocol\` | no TLS could be agreed on | permanent, misconfigured | check the port: it may speak without TLS |
| \`tls.client_refused\`, \`tls.no_file\` | the server wants a client certificate, or another one; a file of a certificate cannot be read | permanent, misconfigured | correct the files of the certificate |
| \`proxy.refused\`, \`proxy.407\`, \`proxy.socks_5\`: \`proxy.\` and the last part of a code above, or what the proxy answered | the proxy could not be reached or refused, not the server | as the code | correct \`proxy\` of the channel or \`daemon.proxy\` |
| \`proxy.login\`, \`proxy.bad_url\`, \`proxy.garbled\` | the proxy refuses the login; its address is wrong; it speaks another protocol | permanent, misconfigured | correct \`proxy\` of the channel or \`daemon.proxy\` |
| \`http.no_answer\` | no answer came in time | unknown | look whether the message arrived; \`delivery.timeout\` may be longer |
| \`http.garbled\` | the answer is not HTTP | by the time | check the port |
| \`http.redirect\`, \`http.bad_url\` | the server redirects to another address; the address is not a URL | permanent, misconfigured | correct \`url\` or \`api\` |
| \`http.bad_request\` | the request has characters that HTTP does not allow | permanent | correct \`headers\` |`;

/** Public table of refusals: each documented refusal of each type. */
export async function refusalsPage(contracts: readonly ChannelContract<unknown>[]): Promise<string> {
  const sections = (await loadChannelFamilies())
    .flatMap(({ types }) => types)
    .flatMap((type) => contracts.filter((contract) => contract.type === type).flatMap((contract) => section(contract)));
  return `${[HEAD, ...sections].join('\n\n')}\n`;
}

function section(contract: ChannelContract<unknown>): string[] {
  const { type, variant } = contract;
  const refusals = documentedRefusals(contract);
  if (refusals.length === 0) return [];
  const rows = refusals.map((refusal) =>
    row(['`'.concat(refusal.code, '`'), refusal.when, classOf(refusal), refusal.mend]),
  );
  return [
    `## ${type.type}${variant === undefined ? '' : ` (${variant})`}`,
    [row(['code', 'cause', 'class', 'what to do']), row(['---', '---', '---', '---']), ...rows].join('\n'),
  ];
}

function classOf(refusal: DocumentedRefusal<unknown>): string {
  const { class: failureClass, misconfigured = false, rateLimited = false, retryAfter } = refusal;
  return [
    failureClass,
    ...(misconfigured ? ['misconfigured'] : []),
    ...(rateLimited ? ['pauses the channel'] : []),
    ...(retryAfter === undefined ? [] : [`${retryAfter < 1000 ? `${retryAfter}ms` : formatDuration(retryAfter)}`]),
  ].join(', ');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
