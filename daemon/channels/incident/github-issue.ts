import type { Message } from '../../core/message/message.ts';
import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { mentionFaultUnless, mentionText } from '../kit/chat/mention.ts';
import {
  type CodeMeaning,
  each,
  misconfigured,
  permanent,
  rateLimited,
  type ReadableAnswer,
} from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { untilSeconds } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import { COMMONMARK, fitText, layoutOf, type Markup } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cleanLine, CODE_POINTS, cutText } from '../kit/text/text.ts';

/** Characters, as GitHub states them when it refuses longer ones. */
const MAX_TITLE = 256;
const MAX_BODY = 65_536;
/** Shortest wait after a secondary limit. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
const SECONDARY_LIMIT_MS = 60_000;

/**
 * Beginnings of mentions and references to issues. GitHub finds them after it has read the Markdown, so no backslash keeps it from
 * that: an invisible space after them does. https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
 */
const REFERENCE = /(?<!\w)@(?=[\w-])|#(?=\d)|\bGH-(?=\d)|\/(?:issues|pull|discussions)\/(?=\d)/gi;

/** GitHub Flavored Markdown. https://github.github.com/gfm/ */
const GITHUB: Markup = {
  ...COMMONMARK,
  escape: (text) => COMMONMARK.escape(text.replace(REFERENCE, '$&\u200B')),
  image: (address) => `![](${address})`,
};

/** Wait for a limit of GitHub, which answers with 403 or 429; undefined for other refusals. */
function limitOf({ status, headers, now }: ReadableAnswer, message = ''): CodeMeaning | undefined {
  if (status !== 403 && status !== 429) return undefined;
  if (headers['x-ratelimit-remaining'] === '0')
    return rateLimited('the limit of this hour is used up', untilSeconds(headers['x-ratelimit-reset'], now));
  if (headers['retry-after'] !== undefined) return rateLimited('too many requests');
  const isLimit = status === 429 || /secondary rate limit|abuse detection/i.test(message);
  return isLimit ? rateLimited('too many requests', SECONDARY_LIMIT_MS) : undefined;
}

/** GitHub issues: one for each alert. https://docs.github.com/en/rest/issues/issues */
export const githubIssue = defineHttpChannel({
  type: 'github_issue',
  summary: 'An issue on GitHub for each alert: it gets a comment, and is closed when the alert is resolved',
  documentation: 'https://docs.github.com/en/rest/issues/issues',
  setup: [
    'Open Settings, Developer settings, Fine-grained tokens on GitHub and make a token for the repository.',
    'Give it the permission Issues: Read and write.',
    'For GitHub Enterprise Server set `api: https://HOST/api/v3`.',
  ],
  example: { token: '${env:GITHUB_TOKEN}', repo: 'acme/ops', labels: ['alert'], delivery: { order: 'key' } },
  receipt: 'number of a new issue, or id of a comment',
  api: 'https://api.github.com',
  settings: {
    token: key('A token that may write issues.', '${env:GITHUB_TOKEN}'),
    repo: Type.String({
      description: 'The repository, as `owner/name`.',
      examples: ['acme/ops'],
      pattern: String.raw`^[\w.-]+/[\w.-]+$`,
    }),
    labels: Type.Optional(
      oneOrMany(Type.String({ minLength: 1, maxLength: 50 }), {
        description: 'Labels of a new issue.',
        examples: [['alert', 'ops']],
      }),
    ),
  },
  keys: { token: '' },
  // 80 requests that create content in a minute and 500 in an hour; a message needs up to two.
  limits: { rate: '4/1m', text: '256 characters of the title, 65,536 of the text' },
  supports: { kept: 'markdown link image mention replace_key', text: 'html actions fields' },
  markup: GITHUB,
  mentionFault: mentionFaultUnless(/^[a-z\d](?:[a-z\d-]{0,38})$/i, 'the login of a user'),
  follows: {
    key: ({ replace_key }, { rule, key }, { api, repo }) =>
      JSON.stringify([api, repo, ...(replace_key === undefined ? [rule, key] : [replace_key])]),
    // The issue was deleted, moved to another repository, or locked.
    gone: ['301', '302', '307', '308', '404', '410', 'locked'],
  },
  request(message, { settings: { token, repo, labels = [] }, api, mentions, earlier, io: { delivery } }) {
    const issues = `${api}/repos/${repo}/issues`;
    const headers = {
      authorization: `Bearer ${token.reveal()}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
    };
    const isResolved = delivery.status === 'resolved';
    const state = isResolved ? { state: 'closed', state_reason: 'completed' } : { state: 'open' };
    const setState = (issue: string) => ({ url: `${issues}/${issue}`, method: 'PATCH' as const, headers, json: state });
    const calls = mentionText(mentions, { user: (name) => `@${name}`, all: '' }).trim();
    if (earlier !== undefined) {
      const body = bodyOf(message, calls);
      // The state comes first, because it may be set twice without harm.
      return [setState(earlier), { url: `${issues}/${earlier}/comments`, headers, json: { body } }];
    }
    const title = cutText(plainTitle(message), MAX_TITLE, CODE_POINTS) || cleanLine(delivery.rule);
    const body = bodyOf(message, calls, { untitled: true });
    const created = { url: issues, headers, json: { title, body, labels } };
    return isResolved ? [created, ({ id }) => setState(id!)] : created;
  },
  answers: {
    read({ status, json: { number, id, message, errors } }) {
      if (typeof number === 'number') return { ok: true, id: `${number}` };
      if (typeof id === 'number') return { ok: true, id: `${id}` };
      if (typeof message !== 'string') return undefined;
      const reasons = Array.isArray(errors) ? errors.flatMap(reasonOf).join(', ') : '';
      const code = status === 403 && /\blocked\b/.test(message) ? 'locked' : status;
      return { ok: false, code, message: reasons === '' ? message : `${message}: ${reasons}` };
    },
    // https://docs.github.com/en/rest/issues/issues#create-an-issue
    codes: {
      ...each('400 422', permanent('the issue is not valid')),
      401: misconfigured('the token is refused'),
      403: misconfigured('the token may not write issues'),
      404: misconfigured('there is no such repository, or the token may not see it'),
      410: misconfigured('the repository has no issues'),
      ...each('301 302 307 308', misconfigured('the repository has moved: correct `repo`')),
      locked: permanent('the issue is locked'),
    },
    meaning: ({ message }, answer) => limitOf(answer, message),
  },
});

/** Text of an issue or a comment; mentions follow it. */
function bodyOf(message: Message, calls: string, options: { readonly untitled?: boolean } = {}): string {
  const end = calls === '' ? '' : `\n\n${calls}`;
  return (
    fitText(layoutOf(message, GITHUB, { ...options, unit: CODE_POINTS }), MAX_BODY - CODE_POINTS.length(end)) + end
  );
}

/** Reason in an entry of `errors`: a text, or the field and what is wrong with it. */
function reasonOf(error: unknown): string[] {
  if (typeof error === 'string') return [error];
  const { message, field, code } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const parts = typeof message === 'string' ? [message] : [field, code].filter((part) => typeof part === 'string');
  return parts.length === 0 ? [] : [parts.join(' ')];
}
