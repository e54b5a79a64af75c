import type { SendMailOptions } from 'nodemailer';
import type { Delivery } from '../../core/delivery/delivery.ts';
import { HOPS_HEADER, hopsAfter } from '../../core/event/hops.ts';
import type { Message } from '../../core/message/message.ts';
import type { MailAddress } from '../kit/mail/address.ts';
import type { Attachments } from '../kit/mail/attachments.ts';
import { contentOf } from '../kit/mail/content.ts';

export interface MailMessage {
  readonly message: Message;
  readonly delivery: Delivery;
  readonly from: MailAddress;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly replyTo: readonly MailAddress[];
  readonly attachments: Attachments;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Writes a message as a mail of nodemailer. */
export function mailOf({ message, delivery, from, to, cc, replyTo, attachments, now }: MailMessage): SendMailOptions {
  const { thread, importance, headers, ...content } = contentOf(message, delivery, from, attachments.left);
  return {
    ...content,
    from: { ...from },
    to: to.map((address) => ({ ...address })),
    ...(cc.length > 0 && { cc: cc.map((address) => ({ ...address })) }),
    ...(replyTo.length > 0 && { replyTo: replyTo.map((address) => ({ ...address })) }),
    attachments: attachments.files.map((file) => ({ ...file })),
    date: new Date(now),
    ...(thread !== undefined && { inReplyTo: thread, references: [thread] }),
    priority: importance,
    headers: { ...headers, [HOPS_HEADER]: String(hopsAfter(delivery)) },
  };
}
