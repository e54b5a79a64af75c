import { expect } from 'vitest';
import { tencentSms } from '../../../daemon/channels/sms/tencent-sms.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const SETTINGS = {
  secret_id: 'AKIDtest',
  secret_key: 'testsecret-kx83jd02',
  app_id: '1400006666',
  sign_name: '腾讯云',
  template: '1110',
  params: ['{{ title }}', '{{ body }}'],
  to: '+8613800138000',
};
export const OK = {
  body: {
    Response: {
      SendStatusSet: [
        {
          SerialNo: '5000:1045710669157053657849499619',
          PhoneNumber: '+8613800138000',
          Fee: 1,
          SessionContext: '',
          Code: 'Ok',
          Message: 'send success',
          IsoCode: 'CN',
        },
      ],
      RequestId: 'a0aabda6',
    },
  },
};
/** Refusal of the whole request. */
export const refused = (Code: string, Message: string) => ({
  body: { Response: { Error: { Code, Message }, RequestId: 'a0aabda6' } },
});
/** Refusal of one number, in an answer that is otherwise a success. */
export const refusedNumber = (Code: string, Message: string) => ({
  body: { Response: { SendStatusSet: [{ SerialNo: '', Fee: 0, Code, Message }], RequestId: 'a0aabda6' } },
});

export interface Payload {
  readonly TemplateParamSet: readonly string[];
  readonly SessionContext: string;
}

const of = (
  failureClass: 'permanent' | 'transient',
  when: string,
  code: string,
  answer: object,
  mend: string,
  more: { readonly misconfigured?: boolean; readonly retryAfter?: number } = {},
) => ({ when, answer, class: failureClass, code: `tencent_sms.${code}`, mend, ...more });

const misconfigured = (when: string, code: string, message: string, mend: string) =>
  of('permanent', when, code, refused(code, message), mend, { misconfigured: true });
const misconfiguredNumber = (when: string, code: string, message: string, mend: string) =>
  of('permanent', when, code, refusedNumber(code, message), mend, { misconfigured: true });
const permanent = (when: string, code: string, message: string, mend: string) =>
  of('permanent', when, code, refusedNumber(code, message), mend, { misconfigured: false });
const limited = (when: string, code: string, retryAfter: number) =>
  of(
    'transient',
    when,
    code,
    refusedNumber(code, 'the limit is exceeded'),
    'wait; send fewer messages, for example as a digest',
    {
      retryAfter,
    },
  );

export const contract: ChannelContract = {
  type: tencentSms,
  secrets: [SETTINGS.secret_key],
  openDestination: () => openHttpDestination({ settings: (api) => ({ api, ...SETTINGS }), responses: { success: OK } }),
  refusals: [
    misconfigured(
      'there is no such key',
      'AuthFailure.SecretIdNotFound',
      'The SecretId is not found.',
      'make a new key',
    ),
    misconfigured(
      'the secret of the key is wrong',
      'AuthFailure.SignatureFailure',
      'The provided credentials could not be validated.',
      'copy `secret_key` again',
    ),
    misconfigured(
      'the clock of this machine is wrong',
      'AuthFailure.SignatureExpire',
      'The provided credentials are expired.',
      'set the clock, for example by NTP',
    ),
    misconfigured(
      'the key has no right to send',
      'AuthFailure.UnauthorizedOperation',
      'The request is not authorized.',
      'give the user the right QcloudSMSFullAccess',
    ),
    misconfigured(
      'the address of this machine is not allowed',
      'UnauthorizedOperation.RequestIpNotInWhitelist',
      'ip not in whitelist',
      'add the address in the settings of the application',
    ),
    misconfiguredNumber(
      'the account has no messages left',
      'FailedOperation.InsufficientBalanceInSmsPackage',
      'insufficient balance',
      'buy a package of messages',
    ),
    misconfiguredNumber(
      'the signature is not approved',
      'FailedOperation.SignatureIncorrectOrUnapproved',
      'signature incorrect',
      'correct `sign_name`; look at its approval',
    ),
    misconfiguredNumber(
      'the template is not approved',
      'FailedOperation.TemplateIncorrectOrUnapproved',
      'template incorrect',
      'correct `template`; look at its approval',
    ),
    misconfiguredNumber(
      'the number of values is not that of the template',
      'FailedOperation.TemplateParamSetNotMatchApprovedTemplate',
      'params do not match',
      'give `params` one value for each variable',
    ),
    misconfiguredNumber(
      'there is no such application',
      'InvalidParameterValue.SdkAppIdNotExist',
      'SdkAppId not exist',
      'correct `app_id`',
    ),
    permanent(
      'the text has forbidden words',
      'FailedOperation.ContainSensitiveWord',
      'sensitive words',
      'take the words out of the values of `params`',
    ),
    permanent(
      'the recipient does not want messages',
      'FailedOperation.PhoneNumberInBlacklist',
      'blacklist',
      'ask the support of Tencent',
    ),
    permanent(
      'the number is not valid',
      'InvalidParameterValue.IncorrectPhoneNumber',
      'invalid number',
      'correct the number in `to`',
    ),
    permanent(
      'a value is too long',
      'InvalidParameterValue.TemplateParameterLengthLimit',
      'too long',
      'set a smaller `param_length`: an account of a person has 12',
    ),
    permanent(
      'the whole text is too long',
      'InvalidParameterValue.ContentLengthLimit',
      'too long',
      'set a smaller `param_length`',
    ),
    permanent(
      'a value has a web address',
      'InvalidParameterValue.ProhibitedUseUrlInTemplateParameter',
      'url',
      'replace the dots by another character, with the filter `replace`',
    ),
    limited(
      'the number has got a message in the last 30 seconds',
      'LimitExceeded.PhoneNumberThirtySecondLimit',
      30_000,
    ),
    limited('the number has got too many messages in an hour', 'LimitExceeded.PhoneNumberOneHourLimit', 3_600_000),
    limited('the number has got too many messages in a day', 'LimitExceeded.PhoneNumberDailyLimit', 21_600_000),
    limited('the number has got the same text too often', 'LimitExceeded.PhoneNumberSameContentDailyLimit', 21_600_000),
    limited('a limit that is set in the console is reached', 'LimitExceeded.DeliveryFrequencyLimit', 60_000),
    of(
      'transient',
      'the limit of the day of the application is reached',
      'LimitExceeded.AppDailyLimit',
      refused('LimitExceeded.AppDailyLimit', 'limit'),
      'raise the limit in the console',
      { retryAfter: 3_600_000 },
    ),
    of(
      'transient',
      'there are too many requests',
      'RequestLimitExceeded',
      refused('RequestLimitExceeded', 'limit'),
      'wait; set `delivery.rate`',
    ),
    of(
      'transient',
      'the service has an error',
      'InternalError.Timeout',
      refusedNumber('InternalError.Timeout', 'timeout'),
      'wait',
    ),
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { TemplateParamSet } = JSON.parse(received) as Payload;
      for (const value of TemplateParamSet) {
        expect(value.length).toBeLessThanOrEqual(100);
        expect(value).toMatch(/… \(\+\d+ characters\)$/);
      }
    },
    hostile(received) {
      const { TemplateParamSet } = JSON.parse(received) as Payload;
      expect(TemplateParamSet).toHaveLength(2);
      for (const value of TemplateParamSet) expect(value).not.toMatch(/\p{Cc}|\u202E/u);
    },
    sameId: (received) => (JSON.parse(received) as Payload).SessionContext,
  },
};
