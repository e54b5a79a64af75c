import { Secret } from '../../../lib/secrets/secret.ts';
import { pointerInFile, stableText } from '../entry.ts';
import type { CompileContext } from '../context.ts';
import { faultOfOrigin } from '../../values/origin.ts';
import { joinPointer } from '../../values/pointer.ts';
import { isEgressEntry } from '../../values/egress.ts';
import { readHostAndPort } from '../../values/network.ts';
import type { DaemonSettings, HeartbeatSettings, Token } from '../../ruleset.ts';
import { readExpiry } from '../../time/expiry.ts';
import { type DaemonFileSettings, daemonSchema } from '../../schema/sections/daemon.ts';
import { decode, NO_SINK } from '../../schema/decode.ts';
import type { CompileTools } from '../registry.ts';
import { proxyFault } from '../../values/proxy.ts';
import { HTTP_URL, readUrl, type UrlForm } from '../../values/url.ts';
import { checkStore, compiledStore } from './store.ts';

/** Compiles `daemon:`; undefined when it has a problem. */
export function compileDaemon(
  given: unknown,
  context: CompileContext,
  tools: CompileTools,
): DaemonSettings | undefined {
  const settings = context.settings(daemonSchema, given ?? {}, '/daemon', '`daemon`');
  context.declare('daemon', '', '/daemon', 'key', tools.fingerprint(stableText(context.basisOf(given, '/daemon'))));
  if (settings === undefined) return undefined;
  checkAddresses(settings, context);
  checkEgress(settings.egress ?? {}, context);
  checkHeartbeat(settings.heartbeat, context);
  const fault = settings.proxy instanceof Secret ? proxyFault(settings.proxy.reveal()) : undefined;
  if (fault !== undefined) context.found({ pointer: '/daemon/proxy', at: 'value', code: 'daemon.proxy', ...fault });
  for (const [index, origin] of (settings.origins ?? []).entries()) {
    const pointer = pointerInFile(joinPointer('/daemon/origins', index), context);
    const fault = faultOfOrigin(origin, context.document.referenced(pointer));
    if (fault !== undefined) context.found({ pointer, at: 'value', code: 'daemon.origin', ...fault });
  }
  checkTokens(settings.tokens ?? [], context);
  checkStore(settings.store, context);
  return daemonSettings(settings, tools);
}

type TokenFields = NonNullable<DaemonFileSettings['tokens']>[number];

/** Checks what a schema cannot express: unique names, one of `token` and `token_hash`, the form of `expires`. */
function checkTokens(tokens: readonly TokenFields[], context: CompileContext): void {
  const names = new Set<string>();
  for (const [index, { name, token, token_hash: hash, expires }] of tokens.entries()) {
    const found = (key: string, finding: { at: 'key' | 'value'; code: string; message: string; mend: string }): void =>
      context.found({ pointer: joinPointer('/daemon/tokens', index, ...(key === '' ? [] : [key])), ...finding });
    if (names.has(name)) {
      const message = `two tokens have the name \`${name}\``;
      found('name', { at: 'value', code: 'daemon.duplicate_token', message, mend: 'rename one' });
    }
    names.add(name);
    if (token === undefined && hash === undefined) {
      const mend = 'add `token: ${env:NAME}`, or `token_hash` with the hash that `belfry token new` prints';
      found('', { at: 'key', code: 'schema.missing', message: `this token lacks \`token\` or \`token_hash\``, mend });
    } else if (token !== undefined && hash !== undefined) {
      const message = '`token` and `token_hash` exclude each other';
      found('token_hash', { at: 'key', code: 'daemon.token', message, mend: 'remove one of them' });
    }
    if (expires !== undefined && readExpiry(expires) === undefined) {
      const mend = 'write it like `2027-06-30` or `2027-06-30T18:00:00+08:00`';
      found('expires', {
        at: 'value',
        code: 'value.format',
        message: '`expires` is neither a date nor a time with its offset',
        mend,
      });
    }
  }
}

function compiledToken(given: TokenFields, tools: CompileTools): Token {
  const { name, token, token_hash: written, scopes, rate, expires } = given;
  const hash =
    written === undefined ? tools.tokenHash(token?.reveal() ?? '') : written.slice('sha256:'.length).toLowerCase();
  const until = expires === undefined ? undefined : readExpiry(expires);
  return {
    name,
    hash,
    scopes,
    ...(rate !== undefined && { rate }),
    ...(until !== undefined && { expires: until }),
  };
}

const MIN_BEAT_MS = 1000;

type EgressFields = NonNullable<DaemonFileSettings['egress']>;

const PUBLIC_URL: UrlForm = {
  schemes: ['http', 'https'],
  login: 'none',
  path: 'any',
  query: {},
  example: 'https://belfry.example.com',
};

function checkAddresses({ listen, public_url: publicUrl }: DaemonFileSettings, context: CompileContext): void {
  const found = (pointer: string, code: string, message: string, mend: string): void =>
    context.found({ pointer, at: 'value', code, message, mend });
  const address = listen === undefined ? undefined : readHostAndPort(listen, 0);
  if (address !== undefined && 'message' in address)
    found('/daemon/listen', 'schema.range', `\`listen\` ${address.message}`, address.mend);
  const read = publicUrl === undefined ? undefined : readUrl(publicUrl, PUBLIC_URL);
  if (read?.ok === false) found('/daemon/public_url', 'value.url', `\`public_url\` ${read.message}`, read.mend);
}

function checkEgress(
  { deny_private: denyPrivate, allow = [], deny = [] }: EgressFields,
  context: CompileContext,
): void {
  const lists = { allow, deny };
  for (const [name, entries] of Object.entries(lists)) {
    for (const [index, entry] of entries.entries()) {
      if (isEgressEntry(entry)) continue;
      context.found({
        pointer: pointerInFile(joinPointer('/daemon/egress', name, index), context),
        at: 'value',
        code: 'daemon.egress',
        message: 'this is neither an address nor a network nor a host name',
        mend: 'write it like `10.20.0.5`, `10.20.0.0/16`, `fd00::/8` or `relay.internal`',
      });
    }
  }
  if (allow.length === 0 || deny.length > 0 || denyPrivate === true) return;
  context.found({
    pointer: '/daemon/egress/allow',
    at: 'key',
    code: 'daemon.egress',
    message: '`allow` has no effect, because nothing is denied',
    mend: "add `deny_private: true`, or `deny: ['0.0.0.0/0', '::/0']` to deny everything else",
  });
}

function checkHeartbeat(heartbeat: DaemonFileSettings['heartbeat'], context: CompileContext): void {
  if (heartbeat === undefined) return;
  const read = heartbeat.url instanceof Secret ? readUrl(heartbeat.url.reveal(), HTTP_URL) : undefined;
  if (read?.ok === false) {
    const message = `\`url\` ${read.message}`;
    context.found({ pointer: '/daemon/heartbeat/url', at: 'value', code: 'value.url', message, mend: read.mend });
  }
  if (heartbeat.every === undefined || heartbeat.every >= MIN_BEAT_MS) return;
  const message = '`every` is too short for beats';
  const pointer = '/daemon/heartbeat/every';
  context.found({ pointer, at: 'value', code: 'schema.range', message, mend: 'make it at least 1s' });
}

/** Settings when no file has a `daemon:`. */
export function defaultDaemon(tools: CompileTools): DaemonSettings {
  return daemonSettings(decode(daemonSchema, {}, '/daemon', NO_SINK) as DaemonFileSettings, tools);
}

function daemonSettings(settings: DaemonFileSettings, tools: CompileTools): DaemonSettings {
  const {
    listen,
    socket,
    socket_group: socketGroup,
    state,
    store,
    instance,
    tokens,
    public_url: publicUrl,
    origins,
    console,
    proxy,
    egress,
    attach_from: attachFrom,
    heartbeat,
    plugins,
    log,
    limits,
    retention,
    reload,
  } = settings as Required<DaemonFileSettings>;
  return {
    listen,
    ...(socket !== undefined && { socket }),
    ...(socketGroup !== undefined && { socketGroup }),
    ...(state !== undefined && { state }),
    store: compiledStore(store, tools),
    ...(instance !== undefined && { instance }),
    tokens: tokens.map((token) => compiledToken(token, tools)),
    ...(publicUrl !== undefined && { publicUrl }),
    origins: origins ?? [],
    console,
    ...(proxy !== 'none' && { proxy }),
    plugins: plugins ?? [],
    ...(egress !== undefined && {
      egress: { denyPrivate: egress.deny_private ?? false, allow: egress.allow ?? [], deny: egress.deny ?? [] },
    }),
    ...(heartbeat !== undefined && { heartbeat: heartbeatSettings(settings, tools) }),
    attachFrom: attachFrom ?? [],
    log: log as DaemonSettings['log'],
    limits: {
      body: limits.body!,
      queue: limits.queue!,
      connectionsPerAddress: limits.connections_per_address!,
      ...(limits.events_per_second !== undefined && { eventsPerSecond: limits.events_per_second }),
    },
    retention: { events: retention.events!, size: retention.size! },
    reload: { watch: reload.watch!, requireTests: reload.require_tests! },
  };
}

function heartbeatSettings(
  { heartbeat, egress, proxy }: DaemonFileSettings,
  { fingerprint }: Pick<CompileTools, 'fingerprint'>,
): HeartbeatSettings {
  const { url, every } = heartbeat as Required<NonNullable<DaemonFileSettings['heartbeat']>>;
  const address = proxy instanceof Secret ? proxy.reveal() : proxy;
  return { url, every, fingerprint: fingerprint(stableText([url.reveal(), every, egress, address])) };
}
