import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { oneOrMany } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { type MailAddress, parseAddress, parseAddresses } from './address.ts';

const address = (description: string, example: string) => Type.String({ description, examples: [example] });
const addresses = (description: string, example: string) =>
  oneOrMany(address('One address.', example), { description, examples: [[example]] });

/** Settings of every channel that sends mail. */
export const mailSettings = () => ({
  from: address('The address of the sender.', 'Belfry <belfry@example.com>'),
  to: addresses('Recipients; `to` of a message replaces `to`, `cc` and `bcc`.', 'ops@example.com'),
  cc: Type.Optional(addresses('Recipients of a copy.', 'team@example.com')),
  bcc: Type.Optional(addresses('Recipients of a copy that the others do not see.', 'archive@example.com')),
  reply_to: Type.Optional(addresses('The address for answers.', 'help@example.com')),
});

/** Values of `mailSettings`. */
export interface MailSettings {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly reply_to?: readonly string[];
}

const ADDRESS_MEND =
  'write each as `ops@example.com` or `Ops <ops@example.com>`, one to an entry; a name with `,`, `:` or `@` stands in quotes: `\'"Ops, Berlin" <ops@example.com>\'`';

/** Fault of a recipient in a rule. */
export const recipientFault = (text: string): Omit<SettingProblem, 'pointer'> | undefined =>
  parseAddress(text) === undefined ? { message: 'it is not an e-mail address', mend: ADDRESS_MEND } : undefined;

export function addressProblems({ from, to, cc, bcc, reply_to }: MailSettings): SettingProblem[] {
  return Object.entries({ from: [from], to, cc, bcc, reply_to }).flatMap(([name, list = []]) =>
    list.flatMap((written, index) => {
      if (parseAddress(written) !== undefined) return [];
      const which = list.length > 1 ? `entry ${index + 1} of \`${name}\`` : `\`${name}\``;
      const pointer = name === 'from' ? '/from' : `/${name}/${index}`;
      return [{ pointer, message: `${which} is not an e-mail address`, mend: ADDRESS_MEND }];
    }),
  );
}

export interface Recipients {
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
}

/** Recipients of a message, at most `max`: its `to` replaces all those in the settings. `code` is that of a refused message. */
export function recipientsOf(settings: MailSettings, message: Message, max: number, code: string): Recipients {
  if (message.to === undefined) {
    return { to: parsed(settings.to), cc: parsed(settings.cc ?? []), bcc: parsed(settings.bcc ?? []) };
  }
  const to = parseAddresses(message.to);
  if ('wrong' in to) {
    const reason = `recipient ${to.wrong + 1} of the message's \`to\` is not an e-mail address (one address to an entry)`;
    throw new SendFailure('permanent', code, reason);
  }
  if (to.length === 0 || to.length > max) {
    const reason = `the message's \`to\` has ${to.length} recipients; 1 to ${max} can be sent to`;
    throw new SendFailure('permanent', code, reason);
  }
  return { to, cc: [], bcc: [] };
}

/** Addresses of the settings, which were checked when they were loaded. */
export const parsed = (texts: readonly string[]): readonly MailAddress[] =>
  texts.map(parseAddress).filter((found) => found !== undefined);
