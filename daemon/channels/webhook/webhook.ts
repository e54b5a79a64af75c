import type { Receipt } from '../../core/delivery/delivery.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import type { Message } from '../../core/message/message.ts';
import { oneOrMany, secret, strict, wordOrTemplate } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { type ChannelTools, defineChannel, type Notifier, type SendIo, supports } from '../channel.ts';
import { HTTP_URL, readUrl } from '../../core/values/url.ts';
import { endpointOf } from '../kit/http/endpoint.ts';
import { failureOf, isSuccess, shown, type StatusRange } from '../kit/http/failures.ts';
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
import { standardWebhooksKey } from '../../lib/standard-webhooks.ts';
import { HMAC_ALGORITHMS, HMAC_ENCODINGS, hmac, standardWebhooks } from '../kit/signing/hmac.ts';
import { bodySetting, checkBody, renderBody } from './body.ts';

const METHODS = ['POST', 'PUT', 'PATCH', 'GET', 'DELETE'] as const;
const BODILESS = new Set(['GET', 'HEAD', 'DELETE']);

const signSetting = strict(
  {
    standard_webhooks: Type.Optional(
      oneOrMany(secret({ description: 'One secret, as `whsec_` and base64.', examples: ['${env:HOOK_SECRET}'] }), {
        description:
          'Signs by Standard Webhooks. Several secrets give several signatures: use two while you change from one to the other.',
        examples: ['${env:HOOK_SECRET}', ['${env:HOOK_SECRET_NEW}', '${env:HOOK_SECRET_OLD}']],
      }),
    ),
    hmac: Type.Optional(
      strict(
        {
          header: Type.String({
            description: 'Name of the header with the signature.',
            examples: ['X-Hub-Signature-256'],
            pattern: String.raw`^[\w-]+$`,
          }),
          secret: secret({ description: 'The key.', examples: ['${env:HOOK_SECRET}'] }),
          algorithm: Type.Optional(
            Type.Unsafe<(typeof HMAC_ALGORITHMS)[number]>({
              type: 'string',
              enum: [...HMAC_ALGORITHMS],
              description: 'The hash.',
              examples: ['sha256'],
              default: 'sha256',
            }),
          ),
          encoding: Type.Optional(
            Type.Unsafe<(typeof HMAC_ENCODINGS)[number]>({
              type: 'string',
              enum: [...HMAC_ENCODINGS],
              description: 'Encoding of the signature.',
              examples: ['base64'],
              default: 'hex',
            }),
          ),
          prefix: Type.Optional(
            Type.String({ description: 'Text before the signature.', examples: ['sha256='], default: '' }),
          ),
        },
        { description: 'Signs the body as GitHub and many others do.' },
      ),
    ),
  },
  { description: 'Signs each request, so that the receiver can check that it comes from this daemon.' },
);

const settingsSchema = strict({
  url: secret({
    description: 'Address of the endpoint. It is never shown, because many such URLs are credentials.',
    examples: ['https://example.com/hooks/ops'],
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
  body: Type.Optional(bodySetting()),
  sign: Type.Optional(signSetting),
  success: Type.Optional(
    oneOrMany(
      Type.Unsafe<string | number>({
        anyOf: [
          { type: 'integer', minimum: 100, maximum: 599 },
          { type: 'string', pattern: String.raw`^[1-5]\d\d-[1-5]\d\d$`, examples: ['200-299'] },
        ],
        description: 'A status or a range of them.',
        examples: ['200-299', 304],
      }),
      {
        description: 'Statuses that mean success.',
        examples: [['200-299', 409]],
        default: ['200-299'],
      },
    ),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Any HTTP endpoint. Signing: https://www.standardwebhooks.com */
export const webhook = defineChannel({
  type: 'webhook',
  summary: 'Sends an HTTP request with your own body and headers, signed if you want',
  documentation: 'https://www.standardwebhooks.com/',
  setup: ['Take the address from the receiver.', 'If it checks signatures, take its signing secret, too.'],
  example: { url: 'https://example.com/hooks/ops' },
  receipt: 'status and the beginning of the answer',
  settings: settingsSchema,
  limits: {},
  supports: supports({ kept: 'markdown html priority tags link fields' }),
  idempotent: true,
  check,
  uses: (settings) => ({ endpoints: endpointOf(addressOf(settings)) }),
  open: (settings, tools) => openWebhook(settings, tools),
});

function check(settings: Settings) {
  const { body, sign, headers, success } = settings;
  const badKeys = (sign?.standard_webhooks ?? []).flatMap((key, index) =>
    standardWebhooksKey(key.reveal()) === undefined ? [index] : [],
  );
  return [
    ...checkAddress(settings),
    ...(success ?? []).flatMap((range, index) => (isBackwards(range) ? [backwards(index)] : [])),
    ...(sign !== undefined && sign.standard_webhooks === undefined && sign.hmac === undefined
      ? [{ pointer: '/sign', message: '`sign` has no setting', mend: 'give `standard_webhooks` or `hmac`' }]
      : []),
    ...badKeys.map((index) => ({
      pointer: `/sign/standard_webhooks/${index}`,
      message: 'this is not a secret of Standard Webhooks',
      mend: 'write `whsec_` and base64',
    })),
    ...checkHeaders(headers),
    ...checkBody(body, headers),
  ];
}

/** Checks `url`, which is a whole URL or a path below `api`. */
function checkAddress(settings: Settings) {
  const found = checkApi(settings.api);
  if (found.length > 0) return found;
  if (settings.api !== undefined && !isPath(settings.url.reveal())) {
    const message = '`api` has no meaning beside a whole `url`';
    return [{ pointer: '/api', message, mend: 'remove `api`, or give only the path as `url`, beginning with `/`' }];
  }
  const read = readUrl(addressOf(settings), HTTP_URL);
  return read.ok ? [] : [{ pointer: '/url', message: `\`url\` ${read.message}`, mend: read.mend }];
}

const isPath = (url: string): boolean => /^\/(?!\/)/.test(url);

const isBackwards = (range: string | number): boolean => {
  const [first, last] = rangeOf(range);
  return first > last;
};

const backwards = (index: number) => ({
  pointer: `/success/${index}`,
  message: 'this range ends before it begins, so it contains no status',
  mend: 'write the smaller status first: `200-299`',
});

function openWebhook(settings: Settings, tools: ChannelTools): Notifier {
  const success = (settings.success ?? ['200-299']).map(rangeOf);
  return {
    async send(message: Message, io: SendIo): Promise<Receipt> {
      const { method, headers, body } = assemble(settings, message, io, tools.clock.now());
      const url = addressOf(settings);
      const answer = await tools.http.request({ url, method, headers, ...(body && { body }), ending: io.ending });
      if (!isSuccess(answer.status, success)) throw failureOf(answer, tools.clock.now());
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
    ...signatures(settings, io.delivery.id, body, now),
  };
  return { method, headers, body: content === undefined ? undefined : body };
}

function signatures({ sign }: Settings, id: string, body: Buffer, now: number): Record<string, string> {
  const keys = (sign?.standard_webhooks ?? []).flatMap((key) => standardWebhooksKey(key.reveal()) ?? []);
  const headers = standardWebhooks(id, Math.floor(now / 1000), body, keys);
  if (sign?.hmac === undefined) return headers;
  const { header, secret, algorithm = 'sha256', encoding = 'hex', prefix = '' } = sign.hmac;
  return { ...headers, [header.toLowerCase()]: hmac(secret.reveal(), body, { algorithm, encoding, prefix }) };
}

function rangeOf(written: string | number): StatusRange {
  const [first, last = first] = `${written}`.split('-').map(Number);
  return [first!, last!];
}
