import { Type } from '../../core/schema/type.ts';
import {
  type CodeMeaning,
  misconfigured,
  permanent,
  rateLimited,
  recipientLimited,
  transient,
  textIn,
  idIn,
} from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { tencentHeaders } from '../kit/signing/cloud.ts';
import { PLAIN } from '../kit/text/layout.ts';
import { paramLengthSetting, paramRenderer, paramSetting } from './params.ts';
import { chinesePhoneFault, chinesePhoneNumbers, requirePhone } from './phone.ts';

/** Characters of a variable: a whole message has 500 with its signature and its fixed text. https://cloud.tencent.com/document/product/382/39023 */
const MAX_PARAM = 100;

const HOUR_MS = 3_600_000;

const numberLimit = (retryAfter: number): CodeMeaning =>
  recipientLimited('this number has got too many messages', retryAfter);

/** Meanings by the beginning of the code; the first that fits counts. https://cloud.tencent.com/document/api/382/59177 https://cloud.tencent.com/document/api/382/52075 */
const MEANINGS: readonly (readonly [beginning: string, meaning: CodeMeaning])[] = [
  ['AuthFailure.SignatureExpire', misconfigured('the clock of this machine is wrong by more than 5 minutes')],
  ['AuthFailure', misconfigured('`secret_id` or `secret_key` is refused')],
  ['UnauthorizedOperation', misconfigured('the key has no right to send text messages from this address')],
  ['RequestLimitExceeded', rateLimited('too many requests')],
  ['LimitExceeded.PhoneNumberThirtySecondLimit', numberLimit(30_000)],
  ['LimitExceeded.PhoneNumberOneHourLimit', numberLimit(HOUR_MS)],
  ['LimitExceeded.PhoneNumber', numberLimit(6 * HOUR_MS)],
  ['LimitExceeded.DeliveryFrequencyLimit', numberLimit(60_000)],
  ['LimitExceeded', rateLimited('a limit of the account is reached', HOUR_MS)],
  ['InternalError', transient('the service has an error')],
  ['ResourceInsufficient', transient('the service has no resources at the moment')],
  ['FailedOperation.InsufficientBalanceInSmsPackage', misconfigured('the account has no messages left')],
  ['FailedOperation.SignatureIncorrectOrUnapproved', misconfigured('the signature (`sign_name`) is not approved')],
  ['FailedOperation.MissingSignature', misconfigured('the signature (`sign_name`) is not approved')],
  ['FailedOperation.TemplateIncorrectOrUnapproved', misconfigured('the template is not approved')],
  ['FailedOperation.TemplateIdNotExist', misconfigured('there is no such template')],
  ['FailedOperation.TemplateParamSetNotMatchApprovedTemplate', misconfigured('`params` does not fit the template')],
  ['FailedOperation.ContainSensitiveWord', permanent('the text has forbidden words')],
  ['FailedOperation.PhoneNumberInBlacklist', permanent('the recipient does not want messages')],
  ['InvalidParameterValue.SdkAppIdNotExist', misconfigured('there is no such application (`app_id`)')],
  ['InvalidParameterValue.IncorrectPhoneNumber', permanent('this number is not valid')],
  ['InvalidParameterValue', permanent('a value of the message is not valid')],
];

interface Status {
  readonly Code?: unknown;
  readonly Message?: unknown;
  readonly SerialNo?: unknown;
}

/** SMS of Tencent Cloud. https://cloud.tencent.com/document/api/382/55981 */
export const tencentSms = defineHttpChannel({
  type: 'tencent_sms',
  summary: 'Text messages of Tencent Cloud (腾讯云短信), from an approved template',
  documentation: 'https://cloud.tencent.com/document/api/382/55981',
  setup: [
    'In the console of 短信 make an application, apply for a signature (签名) and a template (正文模板), and wait for their approval.',
    'In 访问管理 create a user with the right QcloudSMSFullAccess, and a key (API 密钥) for it.',
    'Give the variables {1}, {2} ... of the template their values in `params`, in this order.',
  ],
  example: {
    secret_id: '${env:TENCENT_SECRET_ID}',
    secret_key: '${env:TENCENT_SECRET_KEY}',
    app_id: '1400006666',
    sign_name: '腾讯云',
    template: '1110',
    params: ['{{ title }}', '{{ event.data.host }}'],
    to: '13800138000',
  },
  receipt: 'serial number of the message',
  api: 'https://sms.tencentcloudapi.com',
  settings: {
    secret_id: Type.String({ description: 'The id of a key.', examples: ['${env:TENCENT_SECRET_ID}'] }),
    secret_key: key('The secret of the key.', '${env:TENCENT_SECRET_KEY}'),
    app_id: Type.Unsafe<string | number>({
      anyOf: [{ type: 'string' }, { type: 'integer' }],
      description: 'The SdkAppId of the application.',
      examples: ['1400006666'],
    }),
    sign_name: Type.String({ description: 'The approved signature (签名).', examples: ['腾讯云'] }),
    template: Type.Unsafe<string | number>({
      anyOf: [{ type: 'string' }, { type: 'integer' }],
      description: 'The id of the approved template.',
      examples: ['1110'],
    }),
    params: Type.Optional(
      Type.Array(paramSetting(), {
        description: 'Values for the variables of the template, in their order; the values are templates.',
        examples: [['{{ title }}', '{{ event.data.host }}']],
      }),
    ),
    param_length: paramLengthSetting(MAX_PARAM, 'An account of a person (个人认证) may have 12.'),
    region: Type.Optional(
      Type.String({
        description: 'The region of the service.',
        examples: ['ap-singapore'],
        default: 'ap-guangzhou',
        pattern: '^[a-z]{2}-[a-z]+(?:-[0-9])?$',
      }),
    ),
    to: chinesePhoneNumbers('Numbers that get the message.'),
  },
  keys: { secret_key: '' },
  limits: { text: '100 characters for each variable' },
  supports: { kept: 'to', text: 'markdown html' },
  markup: PLAIN,
  names: { to: chinesePhoneFault },
  recipients: (message, { to }) => message.to ?? to.map(String),
  request(message, { settings, api, io, to, now }) {
    requirePhone(to, chinesePhoneFault, 'tencent_sms.bad_recipient');
    const { secret_id, secret_key, params = [], param_length = MAX_PARAM, region = 'ap-guangzhou' } = settings;
    const url = `${api}/`;
    const body = JSON.stringify({
      PhoneNumberSet: [to],
      SmsSdkAppId: `${settings.app_id}`,
      SignName: settings.sign_name,
      TemplateId: `${settings.template}`,
      TemplateParamSet: params.map(paramRenderer(message, io.delivery, param_length)),
      SessionContext: io.delivery.id,
    });
    const signed = { url, contentType: 'application/json; charset=utf-8', body, now };
    return {
      url,
      text: body,
      headers: {
        'x-tc-action': 'SendSms',
        'x-tc-version': '2021-01-11',
        'x-tc-region': region,
        ...tencentHeaders({ secretId: secret_id, secretKey: secret_key.reveal(), service: 'sms' }, signed),
      },
    };
  },
  answers: {
    // An answer is a 200, with a status for each number.
    read({ json: { Response: response } }) {
      const { Error: error, SendStatusSet: [status] = [] } = (response ?? {}) as {
        readonly Error?: Status;
        readonly SendStatusSet?: readonly Status[];
      };
      const { Code: code, Message: message, SerialNo: id } = error ?? status ?? {};
      if (code === 'Ok') return { ok: true, ...idIn(id) };
      return typeof code === 'string' ? { ok: false, code, message: textIn(message) } : undefined;
    },
    meaning: ({ code }) => MEANINGS.find(([beginning]) => `${code}`.startsWith(beginning))?.[1],
  },
});
