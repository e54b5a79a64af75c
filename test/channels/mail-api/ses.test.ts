import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { awsHeaders } from '../../../daemon/channels/kit/signing/cloud.ts';
import { ses } from '../../../daemon/channels/mail-api/ses.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { OK, SETTINGS } from './ses.contract.ts';

const channel = useHttpChannel(ses, { settings: (api) => ({ api, ...SETTINGS }), success: OK });

test('a mail is posted as SES documents it, with a signature over exactly its bytes', async () => {
  const settings = { from: '钟楼 <bell@example.com>', cc: 'team@example.org', reply_to: 'help@example.com' };
  const {
    method,
    path: target,
    headers,
    json,
    text,
  } = await channel.sent({ title: 'Disk nearly full', body: 'web-1: 91 % 磁盘' }, settings);
  expect([method, target]).toEqual(['POST', '/v2/email/outbound-emails']);
  expect(json).toMatchObject({
    FromEmailAddress: '=?UTF-8?B?6ZKf5qW8?= <bell@example.com>',
    Destination: { ToAddresses: ['ops@example.org'], CcAddresses: ['team@example.org'] },
    ReplyToAddresses: ['help@example.com'],
    Content: {
      Simple: {
        Subject: { Data: 'Disk nearly full', Charset: 'UTF-8' },
        Body: { Text: { Data: 'web-1: 91 % 磁盘\n', Charset: 'UTF-8' } },
      },
    },
  });
  expect(JSON.stringify(json)).toContain(`{"Name":"X-Belfry-Delivery","Value":"${sampleDelivery().id}"}`);
  expect(headers).toMatchObject(
    awsHeaders(
      {
        region: 'eu-west-1',
        service: 'ses',
        accessKeyId: SETTINGS.access_key_id,
        secretAccessKey: SETTINGS.secret_access_key,
        sessionToken: SETTINGS.session_token,
      },
      {
        url: `${channel.sink().origin}/v2/email/outbound-emails`,
        contentType: 'application/json',
        body: text,
        now: new VirtualClock().now(),
      },
    ),
  );
});

test('a file is attached in base64', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'graph.png');
  writeFileSync(file, 'png');
  await channel.open({}, { attachFrom: [folder] }).send(sampleMessage({ attach: [file] }), sampleIo());
  expect(channel.sink().requests[0]!.json).toMatchObject({
    Content: {
      Simple: {
        Attachments: [
          {
            FileName: 'graph.png',
            ContentType: 'image/png',
            ContentDisposition: 'ATTACHMENT',
            ContentTransferEncoding: 'BASE64',
            RawContent: 'cG5n',
          },
        ],
      },
    },
  });
});

test('the region decides the host, and one that is none is found at load', () => {
  const read = (region: string) => readSettings(ses, { ...SETTINGS, region });
  const hostOf = (region: string): string => ses.uses!(read(region).settings).endpoints![0]!.host;
  expect(hostOf('us-gov-west-1')).toBe('email.us-gov-west-1.amazonaws.com');
  expect(hostOf('cn-north-1')).toBe('email.cn-north-1.amazonaws.com.cn');
  expect(read('Ireland').problems).toEqual([expect.stringContaining('/region')]);
});

test('a mail that was accepted has the id of the answer in its receipt', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: OK.body.MessageId, status: 200 });
});
