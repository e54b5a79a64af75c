import { expect } from 'vitest';
import { githubIssue } from '../../../daemon/channels/incident/github-issue.ts';
import { CODE_POINTS } from '../../../daemon/channels/kit/text/text.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract, DocumentedRefusal } from '../contract.ts';

export const TOKEN = 'github_pat_kx83jd02Lm4sqDk';
export const OK = {
  status: 201,
  body: { id: 3_001, number: 7, state: 'open', html_url: 'https://github.com/acme/ops/issues/7' },
};

/** Time of the tests in seconds since the epoch. */
const NOW = Date.parse('2026-11-23T09:00:00Z') / 1000;

const refused = (
  status: number,
  when: string,
  message: string,
  mend: string,
  errors: readonly object[] = [],
): DocumentedRefusal => ({
  when,
  answer: { status, body: { message, documentation_url: 'https://docs.github.com/rest', errors } },
  class: 'permanent',
  code: `github_issue.${status}`,
  misconfigured: status !== 422,
  mend,
});

const limited = (
  status: number,
  when: string,
  headers: Record<string, string>,
  retryAfter: number,
  message = 'API rate limit exceeded',
): DocumentedRefusal => ({
  when,
  answer: { status, headers, body: { message } },
  class: 'transient',
  code: `github_issue.${status}`,
  retryAfter,
  mend: 'nothing: Belfry waits',
});

export const SECONDARY = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

interface Issue {
  readonly title: string;
  readonly body: string;
}

const issueOf = (received: string): Issue => JSON.parse(received) as Issue;

/** A memory without any earlier message, so that every message is an issue. */
const FORGETFUL = { get: () => Promise.resolve(undefined), set: () => Promise.resolve() };

export const contract: ChannelContract = {
  type: githubIssue,
  secrets: [TOKEN],
  async openDestination() {
    const destination = await openHttpDestination({
      settings: (api) => ({ token: TOKEN, repo: 'acme/ops', api }),
      responses: { success: OK },
    });
    return { ...destination, tools: { ...destination.tools, memory: FORGETFUL } };
  },
  refusals: [
    refused(401, 'the token has expired', 'Bad credentials', 'make a new token'),
    refused(
      403,
      'the token may not write issues',
      'Resource not accessible by personal access token',
      'give the token the permission Issues: Read and write',
    ),
    refused(
      404,
      'the repository is missing, or the token may not see it',
      'Not Found',
      'correct `repo`, or add it to the token',
    ),
    refused(307, 'the repository was renamed or moved', 'Temporary Redirect', 'correct `repo`'),
    refused(
      410,
      'the repository has no issues',
      'Issues has been disabled in this repository.',
      'turn on Issues in its settings',
    ),
    refused(422, 'a field is not valid', 'Validation Failed', 'report it: the request is wrong', [
      { resource: 'Issue', code: 'invalid', field: 'labels' },
    ]),
    {
      ...refused(
        403,
        'the issue is locked',
        'Unable to create comment because issue is locked.',
        'nothing: Belfry opens a new issue',
      ),
      code: 'github_issue.locked',
      misconfigured: false,
    },
    limited(
      403,
      'the requests of this hour are used up',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${NOW + 90}` },
      90_000,
    ),
    limited(403, 'a secondary limit is reached and names a wait', { 'retry-after': '120' }, 120_000, SECONDARY),
    limited(403, 'a secondary limit is reached', { 'x-ratelimit-remaining': '4801' }, 60_000, SECONDARY),
    limited(429, 'too many requests are sent', {}, 60_000),
  ],
  samples: {
    mention: { message: { mention: ['octocat'] }, shown: '@octocat' },
  },
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, body } = issueOf(received);
      expect(CODE_POINTS.length(title)).toBeLessThanOrEqual(256);
      expect(CODE_POINTS.length(body)).toBeLessThanOrEqual(65_536);
      expect(body.length).toBeGreaterThan(30_000);
      expect(body).toMatch(/… \(\+\d+ (?:bytes|characters)\)/);
    },
    hostile(received) {
      const { title, body } = issueOf(received);
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(body).not.toMatch(/[^\P{Cc}\n]|\u202E|(?<!\\)[<[`!]|^[ \t]*[#>]|(?<!\w)@(?!\u200B)/mu);
    },
    sameId: { notApplicable: 'GitHub drops no repeated issue' },
  },
};
