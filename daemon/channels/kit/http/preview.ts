import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { TProperties } from '../../../core/schema/type.ts';
import type { ChannelPreview, PreviewRequest, SendIo } from '../../channel.ts';
import { type Mentions, readMentions } from '../chat/mention.ts';
import { apiOf, type HttpChannel, type RequestContext, type Settings } from './channel.ts';
import { bodyOf, requestsOf } from './request.ts';
import { addressOf, joinUrl } from './settings.ts';

/** The part of a context that differs from one request to the next. */
type OwnContext = Pick<RequestContext<unknown>, 'io' | 'now' | 'attachFrom' | 'to' | 'earlier' | 'accessToken' | 'key'>;

/** Context of a request for a message. */
export function contextOf<P extends TProperties>(
  channel: HttpChannel<P>,
  settings: Settings<P>,
  message: Message,
  own: OwnContext,
): RequestContext<Settings<P>> {
  return {
    settings,
    api: joinUrl(apiOf(channel, settings), ''),
    url: addressOf((settings as { readonly url?: unknown }).url, settings.api),
    mentions: mentionsOf(channel, settings, message),
    ...own,
  };
}

function mentionsOf<P extends TProperties>(
  { mentionFault }: HttpChannel<P>,
  settings: Settings<P>,
  message: Message,
): Mentions {
  const { mention = [] } = settings as { readonly mention?: readonly string[] };
  const written = [...mention, ...(message.mention ?? [])];
  return readMentions(mentionFault === undefined ? [] : written.filter((name) => mentionFault(name) === undefined));
}

/** Characters of a body that are shown. */
const MAX_BODY = 16 * 1024;

/** Body of the first request for a message, to its first recipient; undefined if it cannot be known without reading files. */
export function previewOf<P extends TProperties>(
  channel: HttpChannel<P>,
  settings: Settings<P>,
  request: PreviewRequest,
): ChannelPreview | undefined {
  const { message, now } = request;
  if ((message.attach ?? []).length > 0) return undefined;
  return previewOfBody(request, (io) => {
    const [to = ''] = channel.recipients?.(message, settings) ?? [];
    const own = { io, now, attachFrom: [], to, earlier: undefined, accessToken: '', key: '' };
    const requests = channel.request(message, contextOf(channel, settings, message, own));
    if (!(requests instanceof Promise)) return bodyOf(requestsOf(requests)[0]);
    requests.catch(() => undefined);
    return [undefined, undefined];
  });
}

/** Media type and body that `make` returns for a first attempt, or the failure that it throws; undefined without a body. */
export function previewOfBody(
  { delivery }: PreviewRequest,
  make: (io: SendIo) => readonly [string | undefined, Buffer | undefined],
): ChannelPreview | undefined {
  const { signal } = new AbortController();
  try {
    const [contentType, body] = make({ delivery, ending: signal, signal, attempt: 1 });
    if (contentType === undefined || body === undefined) return undefined;
    return { content_type: contentType.split(';')[0]!, body: body.toString('utf8').slice(0, MAX_BODY) };
  } catch (error) {
    // The placeholder of a secret may have no form that a request can be signed with.
    return error instanceof SendFailure ? { error: `${error.code}: ${error.message}` } : undefined;
  }
}
