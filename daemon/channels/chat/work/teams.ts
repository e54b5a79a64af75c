import { escapeFor } from '../../../core/message/escape.ts';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { Message, Priority } from '../../../core/message/message.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import { type Mentions, mentionFaultUnless } from '../../kit/chat/mention.ts';
import { linkButtonsOf, placedAddress } from '../../kit/chat/parts.ts';
import { misconfigured, permanent } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../../kit/http/failures.ts';
import { key } from '../../kit/http/settings.ts';
import { DISCORD_DIALECT } from '../../kit/text/dialects.ts';
import { fieldsOf, fitJson, fitText, layoutOf, type Markup, without } from '../../kit/text/layout.ts';
import { type Dialect, renderMarkdown } from '../../kit/text/markdown.ts';
import { plainTitle } from '../../kit/text/plain.ts';
import { cutToBytes } from '../../kit/text/text.ts';

/**
 * Bytes of the whole request. A workflow posts up to about 28 KB and loses more without an error to the sender; some of it is for
 * what the workflow adds. https://learn.microsoft.com/en-us/connectors/teams/#known-issues-and-limitations-with-actions
 */
const MAX_REQUEST_BYTES = 20_000;
const MAX_TITLE_BYTES = 300;
const MAX_FACTS_BYTES = 6000;
const MAX_BUTTONS = 6;
const MAX_LABEL_BYTES = 100;

/** A card collapses single line feeds. https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-format */
const teamsText = (plain: string): string => escapeFor(plain, 'markdown').replaceAll('\n', '\n\n');

/** Markdown of cards: bold, italics, lists and links. */
const CARD_DIALECT: Dialect = {
  ...DISCORD_DIALECT,
  text: teamsText,
  emphasis: (inner) => `_${inner}_`,
  strike: (inner) => inner,
  code: teamsText,
  link: ({ label, plainLabel, address, target }) => {
    if (address !== undefined) return `[${label}](${address})`;
    return plainLabel === target ? label : `${label} (${teamsText(target)})`;
  },
  lineBreak: '\n\n',
  codeBlock: teamsText,
  quote: (inner) => inner,
  gap: '\n\n',
};

const CARD: Markup = {
  markdown: (source) => renderMarkdown(source, CARD_DIALECT),
  escape: teamsText,
  title: (line) => `**${line}**`,
  field: (name, value) => `- ${name}: ${value}`,
  link: (label, address) => `- [${label === '' ? address : label}](${address})`,
  gap: '\n\n',
};

const COLOURS: Readonly<Record<Priority, string>> = {
  min: 'Default',
  low: 'Default',
  normal: 'Accent',
  high: 'Warning',
  urgent: 'Attention',
};

const colourOf = ({ priority }: Message, { status }: Delivery): string =>
  status === 'resolved' ? 'Good' : COLOURS[priority];

/** Mentions name people in the text and again beside the card. https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-format#user-mention-in-incoming-webhook-with-adaptive-cards */
const mentionsOf = ({ users }: Mentions) =>
  users.map((id) => ({ type: 'mention', text: `<at>${id}</at>`, mentioned: { id, name: id } }));

function cardOf(message: Message, delivery: Delivery, mentions: Mentions) {
  const buttons = linkButtonsOf(message, MAX_BUTTONS, MAX_LABEL_BYTES);
  const facts = fieldsOf(message, teamsText, MAX_FACTS_BYTES);
  const image = placedAddress(message.image);
  const title = cutToBytes(plainTitle(message), MAX_TITLE_BYTES);
  const entities = mentionsOf(mentions);
  const shown = without(
    message,
    'image',
    ...(buttons.length > 0 ? (['link', 'actions'] as const) : []),
    ...(facts.length > 0 ? (['fields'] as const) : []),
  );
  const layout = layoutOf(shown, CARD, { untitled: true });
  const heading = { size: 'Large', weight: 'Bolder', wrap: true, style: 'heading' };
  return (room: number) => ({
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full', ...(entities.length > 0 && { entities }) },
    body: [
      ...(title === ''
        ? []
        : [{ type: 'TextBlock', text: teamsText(title), color: colourOf(message, delivery), ...heading }]),
      { type: 'TextBlock', text: fitText(layout, room), wrap: true },
      ...(facts.length === 0
        ? []
        : [{ type: 'FactSet', facts: facts.map(({ name, value }) => ({ title: name, value })) }]),
      ...(image === undefined ? [] : [{ type: 'Image', url: image, altText: title }]),
      ...(entities.length === 0
        ? []
        : [{ type: 'TextBlock', text: entities.map(({ text }) => text).join(' '), wrap: true }]),
    ],
    actions: buttons.map(({ label, address }) => ({ type: 'Action.OpenUrl', title: label, url: address })),
  });
}

/** Addresses of connectors, which Microsoft has switched off, and of workflows. https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook */
const CONNECTOR = /^https:\/\/(?:[\w.-]+\.webhook\.office\.com|outlook\.office(?:365)?\.com)\//i;
const WORKFLOW = /^https:\/\/[\w.-]+\.(?:logic\.azure|api\.powerplatform)\.com[:/]/i;

function checkUrl(url: string): SettingProblem[] {
  const problem = (message: string, mend: string) => [{ pointer: '/url', message, mend }];
  if (CONNECTOR.test(url))
    return problem('the URL is that of a connector, which Microsoft has switched off', 'make a workflow instead');
  return WORKFLOW.test(url) && !/[?&]sig=[^&]/.test(url)
    ? problem('the URL has no `sig`', 'copy the whole URL of the workflow, and let Anyone start it')
    : [];
}

/** Microsoft Teams, over a workflow with a webhook. https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook */
export const teams = defineHttpChannel({
  type: 'teams',
  summary: 'A channel or chat of Microsoft Teams, over a workflow with a webhook',
  documentation: 'https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook',
  setup: [
    'In Teams, open the menu beside the channel, then Workflows, and choose the template that posts to a channel when a webhook request is received.',
    'In the trigger of the workflow, let Anyone start it.',
    'Copy the URL that is shown at the end, whole, with everything after the question mark.',
  ],
  example: { url: '${env:TEAMS_URL}' },
  receipt: 'id of the run of the workflow, which does not say that the message was posted',
  settings: { url: key('The URL of the workflow, with all of its query.', '${env:TEAMS_URL}') },
  limits: { rate: '4/1s', text: '20,000 bytes with all parts' },
  supports: { kept: 'markdown priority link image actions fields mention', text: 'html' },
  markup: CARD,
  check: ({ url }) => checkUrl(url.reveal()),
  mentionFault: mentionFaultUnless(
    /^[\w.+-]+@[\w.-]+$|^[0-9a-f-]{36}$/,
    'the sign-in name (an e-mail address) or the object id of a user',
  ),
  request(message, { url, io: { delivery }, mentions }) {
    const card = cardOf(message, delivery, mentions);
    const contentType = 'application/vnd.microsoft.card.adaptive';
    return {
      url,
      json: fitJson(
        (room) => ({ type: 'message', attachments: [{ contentType, contentUrl: null, content: card(room) }] }),
        MAX_REQUEST_BYTES,
      ),
    };
  },
  answers: {
    read({ status, headers, text, json: { error } }) {
      const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
      if (typeof code === 'string') return { ok: false, code, message: typeof message === 'string' ? message : '' };
      // A workflow answers 202 at its start; one that ends with an answer of its own, 200 with an empty body.
      if (status !== 202 && text !== '') return undefined;
      const id = headers['x-ms-workflow-run-id'];
      return { ok: true, ...(id !== undefined && { id }) };
    },
    codes: {
      AuthorizationFailed: misconfigured('the signature in the URL is refused'),
      DirectApiAuthorizationRequired: misconfigured('the URL has no signature, or the trigger wants a login'),
      WorkflowNotFound: misconfigured('there is no such workflow'),
      WorkflowTriggerIsNotEnabled: misconfigured('the workflow is switched off'),
      TriggerInputSchemaMismatch: permanent('the workflow expects other requests'),
    },
    statuses: ADDRESS_IS_CREDENTIAL,
  },
});
