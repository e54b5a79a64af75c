import { expect, test } from 'vitest';
import { teams } from '../../../../daemon/channels/chat/work/teams.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { ACCEPTED, cardOf, PATH } from './teams.contract.ts';

const channel = useHttpChannel(teams, { settings: (origin) => ({ url: origin + PATH }), success: ACCEPTED });

test('a message is one adaptive card with all its parts, and its receipt names the run of the workflow', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '08584', status: 202 });
  const { path, json } = await channel.sent({
    title: 'Disk *full*',
    body: 'web-1: 91 %\nweb-2: 40 %',
    priority: 'urgent',
    link: 'https://example.com/a',
    image: 'https://example.com/p.png',
    actions: [{ label: 'Runbook', url: 'https://example.com/b' }],
    fields: { host: 'web_1' },
    mention: ['ada@example.com', 'all'],
  });
  expect(path).toBe(PATH);
  expect(json).toEqual({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: {
            width: 'Full',
            entities: [
              {
                type: 'mention',
                text: '<at>ada@example.com</at>',
                mentioned: { id: 'ada@example.com', name: 'ada@example.com' },
              },
            ],
          },
          body: [
            {
              type: 'TextBlock',
              text: String.raw`Disk \*full\*`,
              color: 'Attention',
              size: 'Large',
              weight: 'Bolder',
              wrap: true,
              style: 'heading',
            },
            { type: 'TextBlock', text: 'web-1: 91 %\n\nweb-2: 40 %', wrap: true },
            { type: 'FactSet', facts: [{ title: 'host', value: String.raw`web\_1` }] },
            { type: 'Image', url: 'https://example.com/p.png', altText: 'Disk *full*' },
            { type: 'TextBlock', text: '<at>ada@example.com</at>', wrap: true },
          ],
          actions: [
            { type: 'Action.OpenUrl', title: 'Open', url: 'https://example.com/a' },
            { type: 'Action.OpenUrl', title: 'Runbook', url: 'https://example.com/b' },
          ],
        },
      },
    ],
  });
});

test('Markdown keeps what a card can show', async () => {
  const body =
    '# Head\n**b** *i* ~~s~~ `c<`\nnext\n\n- one\n- two\n\n> q\n\n```sh\nx\ny\n```\n[a](https://b.test/) [c](javascript:x)';
  const { text } = await channel.sent({ format: 'markdown', body });
  expect(cardOf(text).body[1]?.text).toBe(
    '**Head**\n\n**b** _i_ s c\\<\n\nnext\n\n- one\n- two\n\nq\n\nx\n\ny\n\n[a](https://b.test/) c (javascript:x)',
  );
});

test('the title is green when an alert is resolved', async () => {
  const { text } = await channel.sent({}, {}, { delivery: sampleDelivery({ status: 'resolved' }) });
  expect(cardOf(text).body[0]).toMatchObject({ color: 'Good' });
});

test('fields and buttons that a card cannot hold are in the text', async () => {
  const fields = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, 'x'.repeat(300)]));
  const actions = Array.from({ length: 7 }, (_, index) => ({ label: `A${index}`, url: 'https://example.com/' }));
  const { text } = await channel.sent({ fields, actions });
  expect(cardOf(text).body).toHaveLength(2);
  expect(cardOf(text).body[1]?.text).toContain('- [A6](https://example.com/)');
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(20_000);
});

test('an answer that is not of a workflow leaves the outcome unknown, and an empty one is a success', async () => {
  expect(await channel.failure({ status: 200, body: '<html>Sign in</html>' })).toMatchObject({
    class: 'unknown',
    code: 'teams.unreadable',
  });
  channel.sink().answer({ status: 200 });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ status: 200 });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(teams, { url: 'https://x.logic.azure.com/workflows/1?sig=2' }).problems).toEqual([]);
  expect(readSettings(teams, { url: 'x.logic.azure.com/workflows/1' }).problems).toHaveLength(1);
  expect(readSettings(teams, {}).problems).toHaveLength(1);
  const problemsOf = (url: string) => readSettings(teams, { url }).problems;
  expect(problemsOf('https://acme.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4')).toEqual([
    '/url: the URL is that of a connector, which Microsoft has switched off',
  ]);
  const flow = 'https://1.2.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/3/invoke';
  expect(problemsOf(`${flow}?api-version=1`)).toEqual(['/url: the URL has no `sig`']);
  expect(problemsOf(`${flow}?api-version=1&sig=abc`)).toEqual([]);
});
