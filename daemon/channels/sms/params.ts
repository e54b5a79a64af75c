import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Message } from '../../core/message/message.ts';
import type { Template, TemplateVariables } from '../../core/ruleset.ts';
import { template } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { sendVariables, textOf } from '../kit/http/settings.ts';
import { plainBody, plainTitle } from '../kit/text/plain.ts';
import { cleanLine, cutText, UTF16 } from '../kit/text/text.ts';

/** Values for the variables of a template that the provider has approved; other text cannot be sent in China. */

export const paramSetting = () => template({ description: 'The value of one variable.', examples: ['{{ title }}'] });

export const paramLengthSetting = (preset: number, why: string) =>
  Type.Optional(
    Type.Integer({
      description: `The longest value of a variable, in characters; a longer one is cut. ${why}`,
      examples: [12],
      minimum: 1,
      maximum: 500,
      default: preset,
    }),
  );

/** Renders the values, each on one line and cut to `length` characters. Title and body are plain text in them. */
export function paramRenderer(message: Message, delivery: Delivery, length: number): (param: Template) => string {
  const variables: TemplateVariables = {
    ...sendVariables(message, delivery),
    title: plainTitle(message),
    body: plainBody(message),
  };
  return (param) => {
    // Both providers refuse a message with an address in a variable.
    const line = cleanLine(textOf(param, variables)).replace(/\b[a-z][a-z\d+.-]*:\/\/\S+/gi, '…');
    // An empty value counts as missing.
    return line === '' ? '-' : cutText(line, length, UTF16);
  };
}
