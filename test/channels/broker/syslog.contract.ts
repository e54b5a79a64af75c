import { once } from 'node:events';
import { createSecureContext, TLSSocket } from 'node:tls';
import { expect } from 'vitest';
import { syslog } from '../../../daemon/channels/broker/syslog/syslog.ts';
import { authority, expired, foreign, key, valid } from '../../support/certificates.ts';
import { openBrokerDestination } from '../../support/broker-destination.ts';
import type { ChannelContract } from '../contract.ts';

/** Parts of a message of RFC 5424, by the grammar of its section 6. */
export const MESSAGE =
  /^<(?<priority>\d{1,3})>1 (?<time>\S+) (?<host>[!-~]{1,255}) (?<app>[!-~]{1,48}) - (?<id>[!-~]{1,32}) \[belfry@32473(?<data>(?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+)\] \uFEFF?(?<text>.*)$/su;

/** Messages that come with their length, and the bytes of an incomplete one. */
function framesOf(bytes: Buffer): { readonly messages: readonly string[]; readonly rest: Buffer } {
  const messages: string[] = [];
  let rest = bytes;
  for (;;) {
    const [head, length] = /^(\d+) /.exec(rest.toString('latin1', 0, 12)) ?? [];
    if (head === undefined || rest.length < head.length + Number(length)) return { messages, rest };
    messages.push(rest.toString('utf8', head.length, head.length + Number(length)));
    rest = rest.subarray(head.length + Number(length));
  }
}

/** Certificate of the server, or no TLS at all. */
export type SyslogRefusal = { readonly cert: string } | 'plain';

/** Server with TLS. Its `received` ends the connections and waits for the end of the client, so that everything that was sent has arrived. */
async function openServer() {
  const open = new Set<TLSSocket>();
  const destination = await openBrokerDestination<SyslogRefusal>({
    settings: (address) => ({ url: `tls://${address}`, ca: authority }),
    converse(plain, script) {
      const refusal = script.answer.kind === 'refusal' ? script.answer.refusal : undefined;
      if (refusal === 'plain') return void plain.once('data', () => plain.end('220 mail.test ESMTP\r\n'));
      const secureContext = createSecureContext({ key, cert: refusal?.cert ?? valid });
      const socket = new TLSSocket(plain, { isServer: true, secureContext });
      open.add(socket.once('close', () => open.delete(socket)).on('error', () => socket.destroy()));
      let rest: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        const read = framesOf(Buffer.concat([rest, chunk]));
        ({ rest } = read);
        for (const message of read.messages) script.took(message);
      });
    },
  });
  return {
    ...destination,
    async received() {
      const closed = Array.from(open, (socket) => once(socket.end(), 'close'));
      await Promise.all(closed);
      return await destination.received();
    },
  };
}

const NO_ANSWER = { notApplicable: 'syslog has no answers' };

export const contract: ChannelContract<SyslogRefusal> = {
  type: syslog,
  secrets: [],
  openDestination: openServer,
  refusals: [
    {
      when: 'the certificate of the server has expired',
      answer: { cert: expired },
      class: 'permanent',
      code: 'tls.expired',
      misconfigured: true,
      mend: 'renew the certificate, or correct the clock of this machine',
    },
    {
      when: 'the certificate is for another name',
      answer: { cert: foreign },
      class: 'permanent',
      code: 'tls.wrong_name',
      misconfigured: true,
      mend: 'use the name of the certificate in `url`',
    },
    {
      when: 'the server does not speak TLS on this port',
      answer: 'plain',
      class: 'permanent',
      code: 'tls.protocol',
      misconfigured: true,
      mend: 'write `tcp://`, or the port for TLS',
    },
  ],
  cases: {
    rateLimited: NO_ANSWER,
    serverError: NO_ANSWER,
    hang: NO_ANSWER,
    oversize(received) {
      expect(Buffer.byteLength(received)).toBeLessThanOrEqual(8192);
      expect(Buffer.byteLength(received)).toBeGreaterThan(7000);
      expect(received).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const { data, text } = MESSAGE.exec(received)!.groups!;
      expect(data).toContain('tags="a b"');
      expect(text).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(text).toContain('Bcc: victim@example.com');
    },
    sameId: (received) => / id="([^"]*)"/.exec(received)?.[1],
  },
};
