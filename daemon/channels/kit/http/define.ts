import type { NameChecks, SettingProblem } from '../../../core/compile/registry.ts';
import { strict } from '../../../core/schema/fields.ts';
import type { TProperties } from '../../../core/schema/type.ts';
import { type ChannelButtons, type ChannelType, defineChannel, supports } from '../../channel.ts';
import { checkMentions } from '../chat/mention.ts';
import { escapeOf } from '../text/layout.ts';
import { apiOf, commonSettings, type HttpChannel, type Settings } from './channel.ts';
import { checkConnection } from './connect/connection.ts';
import { endpointOf } from './endpoint.ts';
import { previewOf } from './preview.ts';
import { HttpNotifier } from './notifier.ts';
import { addressOf, checkAddress, checkApi, checkHeaders, checkKey, requiredApiSetting } from './settings.ts';

/** Makes a channel type from its requests and the meaning of the answers. See "Add a channel" in CONTRIBUTING.md. */
export function defineHttpChannel<P extends TProperties>(channel: HttpChannel<P>): ChannelType {
  const { type, summary, documentation, setup, example, receipt, settings, limits, markup, mentionFault, pool } =
    channel;
  return defineChannel({
    type,
    summary,
    documentation,
    ...(setup !== undefined && { setup }),
    ...(example !== undefined && { example }),
    ...(receipt !== undefined && { receipt }),
    settings: strict({ ...settings, ...sharedSettings(channel) }),
    limits,
    ...(pool !== undefined && { keyCount: (given) => pool(given as Settings<P>).length }),
    supports: supports(channel.supports),
    ...(channel.attachesFiles !== undefined && { attachesFiles: channel.attachesFiles }),
    idempotent: channel.idempotent ?? false,
    escape: escapeOf(markup),
    check: (given) => checkSettings(channel, given as Settings<P>),
    names: { ...channel.names, ...(mentionFault !== undefined && { mention: mentionFault }) },
    ...(channel.buttons !== undefined && { buttons: channel.buttons as ChannelButtons<unknown> }),
    uses: (given) => ({ endpoints: endpointOf(serverUrl(channel, given as Settings<P>), (given as Settings<P>).ca) }),
    ...('url' in settings && { output: (given) => ({ url: serverUrl(channel, given as Settings<P>) }) }),
    preview: (given, request) => previewOf(channel, given as Settings<P>, request),
    open: (given, tools) => new HttpNotifier(channel, given as Settings<P>, tools),
  });
}

function sharedSettings<P extends TProperties>({ settings, api }: HttpChannel<P>) {
  if ('url' in settings) return commonSettings();
  if (api === undefined) return { ...commonSettings(), api: requiredApiSetting() };
  return commonSettings(typeof api === 'function' ? 'regional' : { standard: api });
}

function checkSettings<P extends TProperties>(channel: HttpChannel<P>, settings: Settings<P>): SettingProblem[] {
  const given = settings as Readonly<Record<string, unknown>>;
  const { mentionFault } = channel;
  return [
    ...Object.entries(channel.keys ?? {}).flatMap(([name, before]) => checkKey(name, given[name], before as string)),
    ...(mentionFault === undefined ? [] : checkMentions(given.mention as readonly string[] | undefined, mentionFault)),
    ...checkNames(given.to, channel.names?.to),
    ...checkApi(settings.api),
    ...checkAddress(given.url, settings.api),
    ...checkHeaders(settings.headers),
    ...checkConnection(settings),
    ...(channel.check?.(settings) ?? []),
  ];
}

/** URL of the provider's server. */
function serverUrl<P extends TProperties>(channel: HttpChannel<P>, settings: Settings<P>): string {
  const { url } = settings as { readonly url?: unknown };
  return url === undefined ? apiOf(channel, settings) : addressOf(url, settings.api);
}

function checkNames(to: unknown, faultOf: NameChecks['to']): SettingProblem[] {
  if (!Array.isArray(to) || faultOf === undefined) return [];
  return to.flatMap((name, index) => {
    const fault = faultOf(`${name}`);
    return fault === undefined ? [] : [{ pointer: `/to/${index}`, ...fault }];
  });
}
