import { expect } from 'vitest';
import { aliyunSms } from '../../../daemon/channels/sms/aliyun-sms.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ReceivedRequest } from '../../support/test-server.ts';
import type { ChannelContract } from '../contract.ts';

export const SETTINGS = {
  access_key_id: 'testid',
  access_key_secret: 'testsecret-kx83jd02',
  sign_name: '阿里云短信测试',
  template: 'SMS_154950909',
  params: { title: '{{ title }}', body: '{{ body }}' },
  to: '13800138000',
};
export const OK = { body: { Message: 'OK', RequestId: 'F655A8D5', Code: 'OK', BizId: '900619746936498440^0' } };
export const refused = (Code: string, Message: string, status = 200) => ({
  status,
  body: { Message, RequestId: 'F655A8D5', Code },
});

export const queryOf = ({ path }: ReceivedRequest): Record<string, string> =>
  Object.fromEntries(new URL(path, 'http://provider.test').searchParams);

/** Values of the variables, by name. */
export const paramsOf = (received: string): Record<string, string> =>
  JSON.parse((JSON.parse(received) as { readonly TemplateParam: string }).TemplateParam) as Record<string, string>;

const misconfigured = (when: string, code: string, message: string, mend: string, status = 200) => ({
  when,
  answer: refused(code, message, status),
  class: 'permanent' as const,
  code: `aliyun_sms.${code}`,
  misconfigured: true,
  mend,
});

const permanent = (when: string, code: string, message: string, mend: string) => ({
  when,
  answer: refused(code, message),
  class: 'permanent' as const,
  code: `aliyun_sms.${code}`,
  misconfigured: false,
  mend,
});

const flowLimit = (unit: string, word: string, retryAfter: number) => ({
  when: `the number has got too many messages of this template in ${word}`,
  answer: refused('isv.BUSINESS_LIMIT_CONTROL', `触发${unit}级流控Permits:1`),
  class: 'transient' as const,
  code: 'aliyun_sms.isv.BUSINESS_LIMIT_CONTROL',
  retryAfter,
  mend: 'wait; send fewer messages, for example as a digest',
});

export const contract: ChannelContract = {
  type: aliyunSms,
  secrets: [SETTINGS.access_key_secret],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, ...SETTINGS }),
      responses: { success: OK },
      received: (request) => JSON.stringify(queryOf(request)),
    }),
  refusals: [
    misconfigured(
      'there is no such access key',
      'InvalidAccessKeyId.NotFound',
      'Specified access key is not found.',
      'make a new access key',
      404,
    ),
    misconfigured(
      'the secret of the access key is wrong',
      'SignatureDoesNotMatch',
      'Specified signature is not matched with our calculation.',
      'copy `access_key_secret` again',
      400,
    ),
    misconfigured(
      'the clock of this machine is wrong',
      'InvalidTimeStamp.Expired',
      'Specified time stamp or date value is expired.',
      'set the clock, for example by NTP',
      400,
    ),
    misconfigured(
      'the access key has no right to send',
      'isp.RAM_PERMISSION_DENY',
      'RAM权限不足',
      'give the user the right AliyunDysmsFullAccess',
    ),
    misconfigured('the account has no money left', 'isv.OUT_OF_SERVICE', '业务停机', 'charge the account'),
    misconfigured(
      'the packages of messages are used up',
      'isv.AMOUNT_NOT_ENOUGH',
      '账户余额不足',
      'charge the account',
    ),
    misconfigured(
      'the service is not activated',
      'isv.PRODUCT_UN_SUBSCRIPT',
      '未开通云通信产品的阿里云客户',
      'activate 短信服务 in the console',
    ),
    misconfigured(
      'the signature is not approved',
      'isv.SMS_SIGNATURE_ILLEGAL',
      '短信签名不合法',
      'correct `sign_name`; look at its approval and its registration (签名实名制报备)',
    ),
    misconfigured(
      'the signature is not for this kind of template',
      'isv.SMS_SIGNATURE_SCENE_ILLEGAL',
      '签名和模板类型不一致',
      'use a signature of the kind 通用',
    ),
    misconfigured(
      'the template is not approved',
      'isv.SMS_TEMPLATE_ILLEGAL',
      '短信模板不合法',
      'correct `template`; look at its approval',
    ),
    misconfigured(
      'a variable of the template has no value',
      'isv.TEMPLATE_MISSING_PARAMETERS',
      '模板变量中缺少对应参数值',
      'name every variable of the template in `params`',
    ),
    misconfigured(
      'this machine is outside mainland China',
      'isv.DENY_IP_RANGE',
      '源IP地址所在的地区被禁用',
      'send from mainland China, or use a template for foreign numbers',
    ),
    permanent('the number is not valid', 'isv.MOBILE_NUMBER_ILLEGAL', '手机号码格式错误', 'correct the number in `to`'),
    permanent(
      'the text has forbidden content',
      'isv.SMS_CONTENT_ILLEGAL',
      '短信内容包含禁止发送内容',
      'take the words out of the values of `params`',
    ),
    permanent('a value is too long', 'isv.PARAM_LENGTH_LIMIT', '参数超过长度限制', 'set a smaller `param_length`'),
    permanent(
      'a value has a web address, a domain or an IP address',
      'isv.PARAM_NOT_SUPPORT_URL',
      '变量不支持传入URL',
      'replace the dots by another character, with the filter `replace`',
    ),
    permanent(
      'a value is not of the kind of its variable',
      'isv.TEMPLATE_PARAMS_ILLEGAL',
      '传入的变量内容和实际申请模板时变量所选择的属性类型不配',
      'apply for a template with variables of the kind 其他',
    ),
    flowLimit('分钟', 'a minute', 60_000),
    flowLimit('小时', 'an hour', 3_600_000),
    flowLimit('天', 'a day', 21_600_000),
    {
      when: 'the limit of the day of the account is reached',
      answer: refused('isv.DAY_LIMIT_CONTROL', '触发日发送限额'),
      class: 'transient',
      code: 'aliyun_sms.isv.DAY_LIMIT_CONTROL',
      retryAfter: 3_600_000,
      mend: 'raise the limit in the console',
    },
    {
      when: 'there are too many requests',
      answer: refused('Throttling.User', 'Request was denied due to user flow control.', 400),
      class: 'transient',
      code: 'aliyun_sms.Throttling.User',
      mend: 'wait; set `delivery.rate`',
    },
    {
      when: 'the service has an error',
      answer: refused('isp.SYSTEM_ERROR', 'isp.SYSTEM_ERROR'),
      class: 'transient',
      code: 'aliyun_sms.isp.SYSTEM_ERROR',
      mend: 'wait',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title = '', body = '' } = paramsOf(received);
      for (const value of [title, body]) {
        expect(value.length).toBeLessThanOrEqual(35);
        expect(value).toMatch(/…$/);
      }
    },
    hostile(received) {
      const params = paramsOf(received);
      expect(Object.keys(params)).toEqual(['title', 'body']);
      for (const value of Object.values(params)) expect(value).not.toMatch(/\p{Cc}|\u202E/u);
    },
    sameId: (received) => (JSON.parse(received) as Record<string, string>).OutId,
  },
};
