import { stableText } from './compile-entry.ts';
import type { Draft } from './draft.ts';
import { faultOfOrigin } from './origin.ts';
import { isObject } from './json.ts';
import { below } from './pointer.ts';
import type { DaemonSettings } from './ruleset.ts';
import { type DaemonFileSettings, daemonSchema } from './schema/daemon.ts';
import { decode } from './schema/decode.ts';
import type { CompileTools } from './types.ts';

/** Compiles `daemon:`; undefined when anything is wrong with it. */
export function compileDaemon(given: unknown, draft: Draft, tools: CompileTools): DaemonSettings | undefined {
  const settings = draft.settings(daemonSchema, given ?? {}, '/daemon', '`daemon`');
  draft.declare('daemon', '', '/daemon', 'key', tools.fingerprint(stableText(draft.basisOf(given, '/daemon'))));
  if (settings === undefined) return undefined;
  const port = Number(/:(\d+)$/.exec(settings.listen ?? '')?.[1] ?? 0);
  if (port > 65535) {
    const message = '`listen` has a port that does not exist';
    draft.found({
      pointer: '/daemon/listen',
      at: 'value',
      code: 'schema.range',
      message,
      mend: 'use a port up to 65535',
    });
  }
  for (const [index, origin] of (settings.origins ?? []).entries()) {
    const pointer = listed(given, index);
    const fault = faultOfOrigin(origin, draft.document.referenced(pointer));
    if (fault !== undefined) draft.found({ pointer, at: 'value', code: 'daemon.origin', ...fault });
  }
  const names = new Set<string>();
  for (const [index, { name }] of (settings.tokens ?? []).entries()) {
    if (names.has(name)) {
      const message = `two tokens have the name \`${name}\``;
      draft.found({
        pointer: below('/daemon/tokens', index, 'name'),
        at: 'value',
        code: 'daemon.duplicate_token',
        message,
        mend: 'rename one',
      });
    }
    names.add(name);
  }
  return daemonSettings(settings, tools);
}

/** What holds when no file has a `daemon:`. */
export function defaultDaemon(tools: CompileTools): DaemonSettings {
  const silent = { found: () => undefined, secret: () => undefined, hide: () => undefined };
  return daemonSettings(decode(daemonSchema, {}, '/daemon', silent) as DaemonFileSettings, tools);
}

function daemonSettings(settings: DaemonFileSettings, tools: CompileTools): DaemonSettings {
  const {
    listen,
    socket,
    state,
    tokens,
    public_url: publicUrl,
    origins,
    log,
    limits,
    retention,
    reload,
  } = settings as Required<DaemonFileSettings>;
  return {
    listen,
    ...(socket !== undefined && { socket }),
    ...(state !== undefined && { state }),
    tokens: tokens.map(({ name, token, scopes }) => ({ name, hash: tools.tokenHash(token.reveal()), scopes })),
    ...(publicUrl !== undefined && { publicUrl }),
    origins: origins ?? [],
    log: log as DaemonSettings['log'],
    limits: {
      body: limits.body!,
      queue: limits.queue!,
      ...(limits.events_per_second !== undefined && { eventsPerSecond: limits.events_per_second }),
    },
    retention: { events: retention.events!, size: retention.size! },
    reload: { watch: reload.watch!, requireTests: reload.require_tests! },
  };
}

/** Where an entry stands: the list itself may be left out around a single one. */
function listed(given: unknown, index: number): string {
  const isList = isObject(given) && Array.isArray(given.origins);
  return isList ? below('/daemon/origins', index) : '/daemon/origins';
}
