import { expect, test } from 'vitest';
import { whatsapp } from '../../../../daemon/channels/chat/phone/whatsapp.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { SENT, SETTINGS, TO, TOKEN } from './whatsapp.contract.ts';

const channel = useHttpChannel(whatsapp, { settings: (api) => ({ ...SETTINGS, api }), success: SENT });

test('a message is an approved template with variables on one line each, and its receipt is the id of the message', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'wamid.HBgL', status: 200 });
  const params = ['{{ title }} ({{ status }})', '{{ body }}', '{{ event.data.branch }}', '{{ link }}'];
  const { path, headers, json } = await channel.sent(
    { format: 'markdown', title: 'Disk \\*full\\*', body: '**web-1**: 91 %\n\n- a\n- b' },
    { params },
    { delivery: sampleDelivery({ status: 'resolved' }) },
  );
  expect(path).toBe('/v23.0/106540352242922/messages');
  expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
  expect(json).toEqual({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: TO,
    type: 'template',
    template: {
      name: 'alert',
      language: { code: 'en_US' },
      components: [
        {
          type: 'body',
          parameters: [
            { type: 'text', text: 'Disk *full* (resolved)' },
            { type: 'text', text: 'web-1: 91 % - a - b' },
            { type: 'text', text: 'main' },
            { type: 'text', text: '-' },
          ],
        },
      ],
    },
  });
});

test('a template without variables gets none', async () => {
  expect((await channel.sent()).json).toMatchObject({ template: { name: 'alert' } });
  expect((await channel.sent()).json).not.toHaveProperty('template.components');
});

test('several people each get the message, by their numbers without the marks that people write', async () => {
  await channel.sent({ to: ['+49 151 1234-5678', '(1) 650.555.5555'] });
  expect(channel.sink().requests.map(({ json }) => (json as { to: string }).to)).toEqual([TO, '16505555555']);
});

test('the failure has the details of WhatsApp', async () => {
  const error = { code: 132000, message: '(#132000) Number of parameters', error_data: { details: '2 of 3 given' } };
  expect(await channel.failure({ status: 400, body: { error } })).toMatchObject({
    message: '(#132000) Number of parameters 2 of 3 given',
  });
});

test('an answer that is not from WhatsApp leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'whatsapp.unreadable' });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(whatsapp, { ...SETTINGS, params: ['{{ title }}'] }).problems).toEqual([]);
  expect(readSettings(whatsapp, { ...SETTINGS, phone_id: 106540352242922 }).problems).toEqual([]);
  expect(readSettings(whatsapp, { ...SETTINGS, params: ['{{ title '] }).problems).toHaveLength(1);
  expect(readSettings(whatsapp, { ...SETTINGS, template: 'My template' }).problems).toHaveLength(1);
  expect(readSettings(whatsapp, { ...SETTINGS, to: 'ada' }).problems).toEqual(['/to/0: this is not a phone number']);
  expect(readSettings(whatsapp, { ...SETTINGS, phone_id: '+49 151' }).problems).toHaveLength(1);
});
