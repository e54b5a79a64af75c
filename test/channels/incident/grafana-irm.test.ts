import { expect, test } from 'vitest';
import { grafanaIrm } from '../../../daemon/channels/incident/grafana-irm.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { OK, TOKEN } from './grafana-irm.contract.ts';

const PATH = `/integrations/v1/formatted_webhook/${TOKEN}/`;
const channel = useHttpChannel(grafanaIrm, { settings: (origin) => ({ url: `${origin}${PATH}` }), success: OK });

test('a message is an alert with all its parts, and the slash at the end of the URL stays', async () => {
  const { method, path, json } = await channel.sent({
    title: 'Disk nearly full',
    body: '91 % **used**',
    format: 'markdown',
    priority: 'high',
    tags: ['disk'],
    link: 'https://example.com/a',
    actions: [{ label: 'Runbook', url: 'https://example.com/r' }],
    image: 'https://example.com/p.png',
    fields: { host: 'web-1' },
  });
  expect([method, path]).toEqual(['POST', PATH]);
  expect(json).toEqual({
    alert_uid: 'failed-deploy/acme/api',
    title: 'Disk nearly full',
    message: '91 % **used**\n\n[Runbook](https://example.com/r)',
    state: 'alerting',
    link_to_upstream_details: 'https://example.com/a',
    image_url: 'https://example.com/p.png',
    priority: 'high',
    tags: ['disk'],
    fields: { host: 'web-1' },
    rule: 'failed-deploy',
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toEqual({ status: 200, answer: 'Ok.' });
});

test('a resolved alert is `ok`, which resolves the group with the same id', async () => {
  const delivery = sampleDelivery({ status: 'resolved' });
  expect((await channel.sent({}, {}, { delivery })).json).toMatchObject({
    alert_uid: 'failed-deploy/acme/api',
    state: 'ok',
  });
});

test('a link that is not http or https stays in the text', async () => {
  const { json } = await channel.sent({ body: 'full', link: 'javascript:alert(1)' });
  expect(json).toMatchObject({ message: 'full\n\njavascript:alert(1)' });
  expect(json).not.toHaveProperty('link_to_upstream_details');
});
