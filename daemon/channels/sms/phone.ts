import type { SettingProblem } from '../../core/compile/registry.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { recipientFaultUnless } from '../kit/recipients/names.ts';

/** Phone numbers in the international form, E.164. https://www.itu.int/rec/T-REC-E.164 */
const E164 = /^\+[1-9]\d{6,14}$/;

export const phoneNumbers = (description: string) =>
  oneOrMany(Type.String({ description: 'One number.', examples: ['+4915187654321'] }), {
    description,
    examples: ['+4915187654321', ['+4915187654321', '+14155550123']],
  });

export const phoneFault = recipientFaultUnless(
  E164,
  "write `+`, the country and the number in digits alone, in quotes: `'+4915187654321'`",
  'a phone number in the international form',
);

/** Mobile number in mainland China: 11 digits, with or without the country. */
const CHINESE = /^(?:(?:\+|00)?86)?1\d{10}$/;

/** Numbers for the providers in China; 11 digits are a number of mainland China. */
export const chinesePhoneNumbers = (description: string) =>
  oneOrMany(
    Type.Unsafe<string | number>({
      anyOf: [{ type: 'string' }, { type: 'integer' }],
      description: 'One number.',
      examples: ['13800138000'],
    }),
    { description, examples: ['13800138000', ['13800138000', '+85251234567']] },
  );

export const chinesePhoneFault = (text: string): Omit<SettingProblem, 'pointer'> | undefined =>
  CHINESE.test(text) || E164.test(text)
    ? undefined
    : {
        message: 'this is not a mobile number',
        mend: "write 11 digits for mainland China, or `+`, the country and the number: `'+85251234567'`",
      };

/** Refuses a recipient of a message that is not one number, since it may come from an event. `code` is that of the failure. */
export function requirePhone(to: string, faultOf: typeof phoneFault, code: string): void {
  const fault = faultOf(to);
  if (fault !== undefined) throw new SendFailure('permanent', code, fault.message);
}
