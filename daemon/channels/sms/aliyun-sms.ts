import { Type } from '../../core/schema/type.ts';
import type { Template } from '../../core/ruleset.ts';
import { sha256 } from '../../lib/sha256.ts';
import {
  type CodeMeaning,
  each,
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
import { aliyunHeaders, canonicalQuery } from '../kit/signing/cloud.ts';
import { PLAIN } from '../kit/text/layout.ts';
import { paramLengthSetting, paramRenderer, paramSetting } from './params.ts';
import { chinesePhoneFault, chinesePhoneNumbers, requirePhone } from './phone.ts';

/** Characters of a variable of the kind 其他, the only one for free text. https://help.aliyun.com/document_detail/463270.html */
const MAX_PARAM = 35;

/** Limits of a number, by the unit of time that the text of the refusal names. */
const NUMBER_LIMITS: readonly { readonly text: RegExp; readonly retryAfter: number }[] = [
  { text: /分钟/, retryAfter: 60_000 },
  { text: /小时/, retryAfter: 3_600_000 },
  { text: /天/, retryAfter: 6 * 3_600_000 },
];

const numberLimit = (message: string): CodeMeaning =>
  recipientLimited(
    'this number has got too many messages of this template',
    NUMBER_LIMITS.find(({ text }) => text.test(message))?.retryAfter ?? 60_000,
  );

const HOUR_MS = 3_600_000;

/** https://help.aliyun.com/document_detail/101346.html */
const CODES: Readonly<Record<string, CodeMeaning>> = {
  ...each('isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL', rateLimited('the limit of the account is reached', HOUR_MS)),
  ...each('isp.SYSTEM_ERROR ServiceUnavailable InternalError', transient('the service has an error')),
  ...each('isv.OUT_OF_SERVICE isv.AMOUNT_NOT_ENOUGH', misconfigured('the account has no money left')),
  ...each(
    'isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL',
    misconfigured('the account cannot use the service'),
  ),
  ...each(
    'isv.SMS_SIGNATURE_ILLEGAL isv.SIGN_STATE_ILLEGAL isv.SMS_SIGNATURE_SCENE_ILLEGAL isv.SMS_SIGN_ILLEGAL',
    misconfigured('the signature (`sign_name`) is not approved, or not for this template'),
  ),
  'isv.SMS_TEMPLATE_ILLEGAL': misconfigured('the template is not approved'),
  'isv.TEMPLATE_MISSING_PARAMETERS': misconfigured('`params` lacks a variable of the template'),
  'isv.DENY_IP_RANGE': misconfigured('the service is closed to addresses outside mainland China'),
  ...each(
    'isp.RAM_PERMISSION_DENY Forbidden.RAM NoPermission',
    misconfigured('the access key has no right to send text messages'),
  ),
  ...each('InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive', misconfigured('there is no such access key')),
  ...each(
    'SignatureDoesNotMatch IncompleteSignature',
    misconfigured('the signature is wrong: look at `access_key_secret`'),
  ),
  ...each(
    'InvalidTimeStamp.Expired InvalidTimeStamp.Format',
    misconfigured('the clock of this machine is wrong by more than 15 minutes'),
  ),
  ...each('isv.MOBILE_NUMBER_ILLEGAL isv.DOMESTIC_NUMBER_NOT_SUPPORTED', permanent('this number is not valid')),
  ...each('isv.SMS_CONTENT_ILLEGAL isv.BLACK_KEY_CONTROL_LIMIT', permanent('the text has forbidden content')),
  ...each(
    'isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL isv.TEMPLATE_PARAMS_ILLEGAL isv.INVALID_JSON_PARAM isv.INVALID_PARAMETERS',
    permanent('a value of `params` does not fit its variable'),
  ),
};

/** Rendered values by the name of their variable, as JSON. */
function paramsOf(params: Readonly<Record<string, Template>>, render: (param: Template) => string): string {
  return JSON.stringify(Object.fromEntries(Object.entries(params).map(([name, param]) => [name, render(param)])));
}

/** SMS of Alibaba Cloud. https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms */
export const aliyunSms = defineHttpChannel({
  type: 'aliyun_sms',
  summary: 'Text messages of Alibaba Cloud (阿里云短信), from an approved template',
  documentation: 'https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms',
  setup: [
    'In the console of 短信服务 apply for a signature (签名) and a template (模板) with variables, and wait for their approval.',
    'In RAM create a user with the right AliyunDysmsFullAccess, and an access key for it.',
    'Give each variable of the template a value in `params`.',
  ],
  example: {
    access_key_id: '${env:ALIYUN_ACCESS_KEY_ID}',
    access_key_secret: '${env:ALIYUN_ACCESS_KEY_SECRET}',
    sign_name: '阿里云短信测试',
    template: 'SMS_154950909',
    params: { title: '{{ title }}', host: '{{ event.data.host }}' },
    to: '13800138000',
  },
  receipt: 'id of the message (BizId)',
  api: 'https://dysmsapi.aliyuncs.com',
  settings: {
    access_key_id: Type.String({ description: 'The id of an access key.', examples: ['${env:ALIYUN_ACCESS_KEY_ID}'] }),
    access_key_secret: key('The secret of the access key.', '${env:ALIYUN_ACCESS_KEY_SECRET}'),
    sign_name: Type.String({ description: 'The approved signature (签名).', examples: ['阿里云短信测试'] }),
    template: Type.String({ description: 'The code of the approved template.', examples: ['SMS_154950909'] }),
    params: Type.Optional(
      Type.Record(Type.String(), paramSetting(), {
        description: 'Values for the variables of the template, by name; the values are templates.',
        examples: [{ title: '{{ title }}', host: '{{ event.data.host }}' }],
      }),
    ),
    param_length: paramLengthSetting(MAX_PARAM, 'Variables of other kinds than 其他 may be shorter.'),
    to: chinesePhoneNumbers('Numbers that get the message.'),
  },
  keys: { access_key_secret: '' },
  limits: { text: '35 characters for each variable' },
  supports: { kept: 'to', text: 'markdown html' },
  markup: PLAIN,
  names: { to: chinesePhoneFault },
  recipients: (message, { to }) => message.to ?? to.map(String),
  request(message, { settings, api, io, to, now }) {
    requirePhone(to, chinesePhoneFault, 'aliyun_sms.bad_recipient');
    const { access_key_id, access_key_secret, sign_name, template, params = {}, param_length = MAX_PARAM } = settings;
    const query = canonicalQuery({
      // Foreign numbers have the country without `+`.
      PhoneNumbers: to.replace(/^\+(?!86)/, ''),
      SignName: sign_name,
      TemplateCode: template,
      TemplateParam: paramsOf(params, paramRenderer(message, io.delivery, param_length)),
      OutId: io.delivery.id,
    });
    const url = `${api}/?${query}`;
    const headers = aliyunHeaders(
      { accessKeyId: access_key_id, accessKeySecret: access_key_secret.reveal() },
      { action: 'SendSms', version: '2017-05-25', nonce: nonceOf(io.delivery.id, io.attempt, to, now) },
      { url, body: '', now },
    );
    return { url, headers };
  },
  answers: {
    read({ json: { Code: code, Message: message, BizId: id } }) {
      if (code === 'OK') return { ok: true, ...idIn(id) };
      return typeof code === 'string' ? { ok: false, code, message: textIn(message) } : undefined;
    },
    codes: CODES,
    meaning({ code, message = '' }) {
      if (code === 'isv.BUSINESS_LIMIT_CONTROL') return numberLimit(message);
      return `${code}`.startsWith('Throttling') ? rateLimited('too many requests') : undefined;
    },
  },
});

/** Nonce: a text that no other request has; the service refuses a repeated one. */
const nonceOf = (...parts: readonly (string | number)[]): string => sha256(JSON.stringify(parts)).slice(0, 32);
