import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

/** Mail in the request of a service. */
export interface SentMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** By the names that were sent. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Cases of the contract that are the same for every mail service; `mailOf` reads the request. */
export const mailCases = (mailOf: (received: string) => SentMail): ChannelContract['cases'] => ({
  ...PLAIN_HTTP_FAILURES,
  oversize(received) {
    const { subject, text, html } = mailOf(received);
    expect(byteLength(subject)).toBeLessThanOrEqual(300);
    expect(text).toMatch(/… \(\+\d+ bytes\)/);
    expect(html).toMatch(/… \(\+\d+ bytes\)[^]*<\/html>\n$/);
  },
  hostile(received, { format }) {
    const { subject, text, html, headers } = mailOf(received);
    expect(subject).not.toMatch(/[\p{Cc}\u202E]/u);
    expect(text).not.toMatch(/[^\P{Cc}\n\t]|\u202E/u);
    for (const [name, value] of Object.entries(headers)) expect(`${name}: ${value}`).toMatch(/^[\w-]+: [ -~]*$/);
    expect(Object.keys(headers).map((name) => name.toLowerCase())).not.toContain('bcc');
    // HTML of the rule itself is used unchanged; values in it are escaped.
    expect(html).not.toMatch(/<script|<b>tag|href="javascript:|<img/i);
    if (format !== 'html') expect(html).not.toMatch(/<at /);
  },
  sameId: (received) => mailOf(received).headers['X-Belfry-Delivery'],
});

/** Addresses of the settings in tests. */
export const ADDRESSES = { from: 'Belfry <bell@example.com>', to: 'ops@example.org' };
