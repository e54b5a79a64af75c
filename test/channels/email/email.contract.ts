import { expect } from 'vitest';
import { email } from '../../../daemon/channels/email/email.ts';
import { type MailScript, openMailServer } from '../../support/mail-server.ts';
import type { ChannelContract } from '../contract.ts';

export const PASSWORD = 'horse-battery-staple';

export const basics = { from: 'Belfry <belfry@example.com>', to: ['ops@example.com'] };

export const contract: ChannelContract<MailScript> = {
  type: email,
  secrets: [PASSWORD],
  async openDestination() {
    const server = await openMailServer({ login: true });
    const responses = {
      success: {},
      refusal: {},
      rateLimited: {},
      serverError: { end: '451 4.3.0 try later' },
      hang: { end: 'hang' },
    };
    return {
      settings: { ...basics, url: `smtp://belfry:${PASSWORD}@127.0.0.1:${server.port}` },
      respondWith: (kind) => server.script(responses[kind]),
      refuseWith: (answer) => server.script(answer),
      received: () =>
        server.mails.map(
          ({ mail }) =>
            `${Object.entries(mail.headers)
              .map(([name, value]) => `${name}: ${value}`)
              .join('\n')}\n\n${mail.text}\n${mail.html}`,
        ),
      arrived: (count) => server.arrived(count),
      close: () => server.close(),
    };
  },
  refusals: [
    {
      when: 'the user or the password is wrong',
      answer: { auth: '535 5.7.8 wrong' },
      class: 'permanent',
      code: 'smtp.535',
      misconfigured: true,
      mend: 'correct them; some providers require a password for applications',
    },
    {
      when: 'the server cannot check logins for a while',
      answer: { auth: '454 4.7.0 later' },
      class: 'transient',
      code: 'smtp.454',
      mend: 'nothing: it is retried',
    },
    {
      when: 'the login may not send as `from`',
      answer: { mail: '553 5.7.1 not yours' },
      class: 'permanent',
      code: 'smtp.553',
      misconfigured: true,
      mend: 'correct `from`',
    },
    {
      when: 'the server wants a login',
      answer: { mail: '530 5.7.0 authentication required' },
      class: 'permanent',
      code: 'smtp.530',
      misconfigured: true,
      mend: 'set `user` and `password`, or `tls: required`',
    },
    {
      when: 'no recipient exists',
      answer: { rcpt: () => '550 5.1.1 unknown' },
      class: 'permanent',
      code: 'smtp.550',
      mend: 'correct `to`',
    },
    {
      when: 'a recipient is refused for a while (greylisting)',
      answer: { rcpt: () => '450 4.2.0 greylisted' },
      class: 'transient',
      code: 'smtp.450',
      mend: 'nothing: it is retried',
    },
    {
      when: 'the account of the recipient is full',
      answer: { rcpt: () => '552 5.2.2 full' },
      class: 'transient',
      code: 'smtp.552',
      mend: 'nothing: it is retried',
    },
    {
      when: 'the server goes down',
      answer: { data: '421 4.3.2 going down' },
      class: 'transient',
      code: 'smtp.421',
      mend: 'nothing: it is retried',
    },
    {
      when: 'the message is too large',
      answer: { end: '552 5.3.4 too big' },
      class: 'permanent',
      code: 'smtp.552',
      mend: 'attach less',
    },
    {
      when: 'the message is refused as spam',
      answer: { end: '554 5.6.0 spam' },
      class: 'permanent',
      code: 'smtp.554',
      mend: 'change the message; the answer is in the dead letter',
    },
    {
      when: 'the server refuses this machine',
      answer: { greeting: '554 5.7.1 go away' },
      class: 'permanent',
      code: 'smtp.554',
      misconfigured: true,
      mend: 'send by the mail server of your provider',
    },
    {
      when: 'the server is busy',
      answer: { greeting: '421 4.3.2 busy' },
      class: 'transient',
      code: 'smtp.421',
      mend: 'nothing: it is retried',
    },
  ],
  cases: {
    rateLimited: { notApplicable: 'SMTP has no way to say how long to wait' },
    serverError: { code: 'smtp.451' },
    hang: { code: 'smtp.no_answer' },
    oversize(received) {
      expect(received.length).toBeLessThan(600_000);
      expect(received).toMatch(/\(\+\d+ bytes\)/);
    },
    hostile(received) {
      const head = received.slice(0, received.indexOf('\n\n'));
      const html = received.slice(received.indexOf('<!doctype html>'));
      expect(head).not.toMatch(/^bcc:/im);
      expect(head.match(/^to: /gm)).toHaveLength(1);
      expect(html.length).toBeGreaterThan(200);
      expect(html).not.toMatch(/<script|<img|<b>|href="javascript/);
      expect(received.replace(/[\r\n]/g, ' ')).not.toMatch(/[\u202E\p{Cc}]/u);
    },
    sameId: (received) => /^message-id: (.*)$/m.exec(received)?.[1],
  },
};
