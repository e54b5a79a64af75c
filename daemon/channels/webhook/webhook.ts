import type { Receipt } from '../../core/delivery/delivery.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import type { Message } from '../../core/message/message.ts';
import { secret, strict, wordOrTemplate } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { type ChannelTools, defineChannel, type Notifier, type SendIo, supports } from '../channel.ts';
import { HTTP_URL, readUrl } from '../../core/values/url.ts';
import { endpointOf } from '../kit/http/endpoint.ts';
import { checkConnection, clientSetting, connectionSettings } from '../kit/http/connect/connection.ts';
import { shown } from '../kit/http/failures.ts';
import { previewOfBody } from '../kit/http/preview.ts';
import {
  checkApi,
  checkHeaders,
  headersSetting,
  headerValue,
  notification,
  renderHeaders,
  joinUrl,
  variablesOf,
} from '../kit/http/settings.ts';
import { readUnixUrl } from '../kit/http/connect/unix-url.ts';
import { checkSign, signatures, signSetting } from './sign.ts';
import { checkSuccess, judgeBy, successSetting } from './success.ts';
import { bodySetting, checkBody, renderBody } from './body.ts';

const METHODS = ['POST', 'PUT', 'PATCH', 'GET', 'DELETE'] as const;
const BODILESS = new Set(['GET', 'HEAD', 'DELETE']);

const settingsSchema = strict({
  url: secret({
    description:
      'Address of the endpoint, or `unix:SOCKET:PATH` for a Unix socket. It is never shown, because many such URLs are credentials.',
    examples: ['https://example.com/hooks/ops', 'unix:/run/app.sock:/hooks/ops'],
  }),
  api: Type.Optional(
    Type.String({
      description: 'Base URL for a `url` that is only a path.',
      examples: ['https://relay.internal'],
      pattern: '^https?://',
    }),
  ),
  method: Type.Optional(
    wordOrTemplate(METHODS, {
      description: 'The request method; GET and DELETE have no body.',
      examples: ['PUT'],
      default: 'POST',
    }),
  ),
  headers: headersSetting(),
  ...connectionSettings(),
  client: clientSetting(),
  body: Type.Optional(bodySetting()),
  sign: Type.Optional(signSetting),
  success: Type.Optional(successSetting()),
});

type Settings = Static<typeof settingsSchema>;

/** Any HTTP endpoint. Signing: https://www.standardwebhooks.com */
export const webhook = defineChannel({
  type: 'webhook',
  summary: 'An HTTP request with your own body and headers, signed if you want',
  documentation: 'https://www.standardwebhooks.com/',
  setup: ['Take the address from the receiver.', 'If it checks signatures, take its signing secret, too.'],
  example: { url: 'https://example.com/hooks/ops' },
  receipt: 'status and the beginning of the answer',
  settings: settingsSchema,
  limits: {},
  supports: supports({ kept: 'markdown html priority tags link fields' }),
  repeats: 'A repeated request has the same `Idempotency-Key`, by which the receiver can drop it.',
  idempotent: true,
  check,
  uses: (settings) => ({ endpoints: endpointOf(addressOf(settings), settings.ca) }),
  output: (settings) => ({ url: addressOf(settings) }),
  preview: (settings, request) =>
    previewOfBody(request, (io) => {
      const { headers, body } = assemble(settings, request.message, io, request.now);
      return [(headers as Readonly<Record<string, string>>)['content-type'], body];
    }),
  open: (settings, tools) => openWebhook(settings, tools),
});

function check(settings: Settings) {
  const { body, sign, headers, success } = settings;
  return [
    ...checkAddress(settings),
    ...checkSuccess(success),
    ...checkSign(sign),
    ...checkHeaders(headers),
    ...checkConnection(settings),
    ...checkBody(body, headers),
  ];
}

/** Checks `url`, which is a whole URL, a path below `api`, or names a Unix socket. */
function checkAddress(settings: Settings) {
  const found = checkApi(settings.api);
  if (found.length > 0) return found;
  if (settings.api !== undefined && !isPath(settings.url.reveal())) {
    const message = '`api` has no meaning beside a whole `url`';
    return [{ pointer: '/api', message, mend: 'remove `api`, or give only the path as `url`, beginning with `/`' }];
  }
  const unix = readUnixUrl(settings.url.reveal());
  if (unix?.ok === true) return checkUnixConnection(settings);
  const read = unix ?? readUrl(addressOf(settings), HTTP_URL);
  return read.ok ? [] : [{ pointer: '/url', message: `\`url\` ${read.message}`, mend: read.mend }];
}

/** Reports settings for connections over a network, which a Unix socket does not need. */
function checkUnixConnection(settings: Settings) {
  return (['proxy', 'ca', 'client'] as const).flatMap((name) => {
    if (settings[name] === undefined || settings[name] === 'none') return [];
    return [{ pointer: `/${name}`, message: `\`${name}\` has no meaning for a Unix socket`, mend: 'remove it' }];
  });
}

const isPath = (url: string): boolean => /^\/(?!\/)/.test(url);

function openWebhook(settings: Settings, tools: ChannelTools): Notifier {
  const judge = judgeBy(settings.success);
  return {
    async send(message: Message, io: SendIo): Promise<Receipt> {
      const { method, headers, body } = assemble(settings, message, io, tools.clock.now());
      const url = addressOf(settings);
      const answer = await tools.http.request({ url, method, headers, ...(body && { body }), ending: io.ending });
      const failure = judge(answer, tools.clock.now());
      if (failure !== undefined) throw failure;
      return { status: answer.status, ...(answer.text !== '' && { answer: shown(answer.text, MAX_RECEIPT_BYTES) }) };
    },
  };
}

const MAX_RECEIPT_BYTES = 1024;

function addressOf({ url, api }: Settings): string {
  return api === undefined ? url.reveal() : joinUrl(api, url.reveal());
}

/** Request of an attempt; only the signature differs between attempts. The signature covers exactly the bytes that are sent. */
function assemble(settings: Settings, message: Message, io: SendIo, now: number) {
  const standard = notification(message, io.delivery);
  const variables = variablesOf(standard);
  const method = settings.method?.render(variables).text.trim().toUpperCase() ?? 'POST';
  if (!/^[A-Z]+$/.test(method))
    throw new SendFailure('permanent', 'webhook.method', 'the template of `method` gave no method');
  const own = renderHeaders(settings.headers, variables);
  const content = BODILESS.has(method)
    ? undefined
    : renderBody(settings.body, standard, variables, own['content-type']);
  const body = Buffer.from(content?.text ?? '', 'utf8');
  const headers = {
    'user-agent': 'Belfry',
    ...(content !== undefined && { 'content-type': content.type }),
    'idempotency-key': headerValue(io.delivery.id),
    ...own,
    ...signatures(settings.sign, io.delivery.id, body, now),
  };
  return { method, headers, body: content === undefined ? undefined : body };
}
