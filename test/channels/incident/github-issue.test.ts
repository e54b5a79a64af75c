import { describe, expect, test } from 'vitest';
import { githubIssue } from '../../../daemon/channels/incident/github-issue.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { failureOfSending, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { OK, SECONDARY, TOKEN } from './github-issue.contract.ts';

const channel = useHttpChannel(githubIssue, {
  settings: (api) => ({ token: TOKEN, repo: 'acme/ops', labels: ['alert'], api }),
  success: OK,
});
const COMMENT = {
  status: 201,
  body: { id: 9_001, html_url: 'https://github.com/acme/ops/issues/7#issuecomment-9001' },
};
const CLOSED = { status: 200, body: { ...OK.body, state: 'closed' } };

const requests = (): readonly (readonly [string, unknown])[] =>
  channel.sink().requests.map(({ method, path, json }) => [`${method} ${path}`, json]);
const resolved = sampleIo({ delivery: sampleDelivery({ status: 'resolved' }) });

test('a message is an issue with its parts in Markdown, and the receipt has its number', async () => {
  const { method, path, headers, json } = await channel.sent({
    title: 'Disk nearly full',
    body: '91 % **used**',
    format: 'markdown',
    link: 'https://example.com/a',
    image: 'https://example.com/p.png',
    fields: { host: 'web-1' },
    mention: ['octocat'],
  });
  expect([method, path]).toEqual(['POST', '/repos/acme/ops/issues']);
  expect(headers).toMatchObject({
    authorization: `Bearer ${TOKEN}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    'user-agent': 'Belfry',
  });
  expect(json).toEqual({
    title: 'Disk nearly full',
    body: '91 % **used**\n\n- host: web-1\n<https://example.com/a>\n![](https://example.com/p.png)\n\n@octocat',
    labels: ['alert'],
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '7', status: 201 });
});

describe('an alert', () => {
  test('that fires again has its issue opened again, with a comment', async () => {
    const notifier = channel.open();
    await notifier.send(sampleMessage(), sampleIo());
    channel.sink().answer(OK, COMMENT);
    const receipt = await notifier.send(sampleMessage({ title: 'Again', body: 'since 9:00' }), sampleIo());
    expect(receipt).toMatchObject({ id: '9001' });
    expect(requests().slice(1)).toEqual([
      ['PATCH /repos/acme/ops/issues/7', { state: 'open' }],
      ['POST /repos/acme/ops/issues/7/comments', { body: '**Again**\n\nsince 9:00' }],
    ]);
  });

  test('that is resolved has its issue closed, with a comment, and fires into the same issue later', async () => {
    const notifier = channel.open();
    await notifier.send(sampleMessage(), sampleIo());
    channel.sink().answer(CLOSED, COMMENT);
    await notifier.send(sampleMessage({ title: 'Resolved', body: '' }), resolved);
    expect(requests().slice(1)).toEqual([
      ['PATCH /repos/acme/ops/issues/7', { state: 'closed', state_reason: 'completed' }],
      ['POST /repos/acme/ops/issues/7/comments', { body: '**Resolved**' }],
    ]);
    channel.sink().answer(OK, COMMENT);
    await notifier.send(sampleMessage(), sampleIo());
    expect(requests()[3]).toEqual(['PATCH /repos/acme/ops/issues/7', { state: 'open' }]);
  });

  test('that ends without a known issue gets one that is closed at once', async () => {
    channel.sink().answer(OK, CLOSED);
    await channel.open().send(sampleMessage({ title: 'Resolved' }), resolved);
    expect(requests()).toMatchObject([
      ['POST /repos/acme/ops/issues', { title: 'Resolved' }],
      ['PATCH /repos/acme/ops/issues/7', { state: 'closed' }],
    ]);
  });

  test.each([
    ['deleted', { status: 410, body: { message: 'This issue was deleted' } }],
    ['moved to another repository', { status: 301, body: { message: 'Moved Permanently' } }],
    ['locked', { status: 403, body: { message: 'Unable to create comment because issue is locked.' } }],
  ])('gets a new issue if its issue was %s', async (_, answer) => {
    const notifier = channel.open();
    await notifier.send(sampleMessage(), sampleIo());
    channel.sink().answer(answer, { status: 201, body: { ...OK.body, number: 8 } });
    expect(await notifier.send(sampleMessage(), sampleIo())).toMatchObject({ id: '8' });
    channel.sink().answer(OK, COMMENT);
    await notifier.send(sampleMessage(), sampleIo());
    expect(requests().at(-1)![0]).toBe('POST /repos/acme/ops/issues/8/comments');
  });

  test('with another key has an issue of its own', async () => {
    const notifier = channel.open();
    for (const key of ['web-1', 'web-2'])
      await notifier.send(sampleMessage(), sampleIo({ delivery: sampleDelivery({ key }) }));
    expect(requests().map(([request]) => request)).toEqual(Array(2).fill('POST /repos/acme/ops/issues'));
  });

  test('keeps its issue while a limit is reached', async () => {
    const notifier = channel.open();
    await notifier.send(sampleMessage(), sampleIo());
    channel.sink().answer({ status: 403, body: { message: SECONDARY } });
    expect(await failureOfSending(notifier, sampleMessage(), sampleIo())).toMatchObject({ class: 'transient' });
    expect(requests()).toHaveLength(2);
  });
});

test('text of an event mentions nobody and refers to no issue', async () => {
  const { json } = await channel.sent({
    body: '@octocat .@acme/ops a@b.test #12 acme/api#3 GH-4 https://github.com/acme/api/issues/5 80% #tag',
  });
  expect(json).toMatchObject({
    body:
      '@\u200Boctocat .@\u200Bacme/ops a@b.test #\u200B12 acme/api#\u200B3 GH-\u200B4 ' +
      'https://github.com/acme/api/issues/\u200B5 80% #tag',
  });
});

test('a refusal says which field is wrong', async () => {
  const errors = [
    { resource: 'Issue', code: 'custom', field: 'title', message: 'title is too long (maximum is 256 characters)' },
    { resource: 'Label', code: 'invalid', field: 'name' },
  ];
  const failure = await channel.failure({ status: 422, body: { message: 'Validation Failed', errors } });
  expect(failure.message).toBe('Validation Failed: title is too long (maximum is 256 characters), name invalid');
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object) =>
    readSettings(githubIssue, { token: TOKEN, repo: 'acme/ops', ...settings }).problems;
  expect(problems({ api: 'https://git.example.com/api/v3' })).toEqual([]);
  expect(problems({ repo: 'https://github.com/acme/ops' })).toHaveLength(1);
  expect(problems({ token: 'two words' })).toHaveLength(1);
});
