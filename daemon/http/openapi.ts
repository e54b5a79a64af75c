import type { Route } from './routes/route.ts';

function scopeText(scope: Route['scope']): string {
  if (scope === 'open') return 'No token.';
  if (scope === 'any') return 'Any token.';
  if (scope === 'local') return 'No token on the loopback and the Unix socket, else scope `read`.';
  const names = [scope].flat().flatMap((one) => (one === 'stream' ? ['stream', 'stream:USER'] : [one]));
  return `Scope ${names.map((name) => `\`${name}\``).join(' or ')}.`;
}

const TEXT = { type: 'string' };

/** RFC 9457. */
const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: TEXT,
    title: TEXT,
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable code for programs.' },
    detail: TEXT,
    pointer: { type: 'string', description: 'JSON Pointer into the body.' },
    parameter: { type: 'string', description: 'Name of the query parameter.' },
  },
};

/** Path of a webhook source; the paths change with the rules. */
const HOOK = {
  summary: 'A request to a webhook source. Its settings define the path, the methods and how senders are verified.',
  description: 'No token: `verify` of the source decides.',
  parameters: [{ name: 'path', in: 'path', required: true, schema: TEXT }],
  responses: {
    ...answersOf({
      202: 'On disk',
      401: 'The signature does not match',
      404: 'No source listens here',
      405: 'Another method',
      413: 'Too large',
      429: 'Too many a second',
      503: 'Stopping',
      507: 'The disk or the queue is full',
    }),
  },
};

const BEAT = {
  summary:
    'A beat of a heartbeat source. `/start`, `/fail` and `/{exit code}` below it report the start, the failure or the exit code of a job.',
  description: 'The `token` of the source, as bearer or `?token=`, if it has one.',
  parameters: [
    { name: 'name', in: 'path', required: true, schema: TEXT },
    {
      name: 'key',
      in: 'query',
      description: 'The key of the monitored job, where the source has a `key`',
      schema: TEXT,
    },
    { name: 'token', in: 'query', description: 'The `token` of the source, where no header can be sent', schema: TEXT },
  ],
  responses: answersOf({
    202: 'On disk',
    400: 'The key is missing or not wanted',
    401: 'The token is wrong or missing',
    403: 'The address of the client is not in `allow`',
    404: 'No heartbeat of this name, or an unknown suffix',
    405: 'Another method',
    413: 'Too large',
    503: 'Stopping, or too many keys',
    507: 'The disk is full',
  }),
};

/** OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), generated from the routes, so that it is always complete. */
export function describeApi(routes: readonly Route[]): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Belfry',
      version: '1',
      description: 'Events in, deliveries and dead letters out. Errors are RFC 9457 problem details.',
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas: { Problem: PROBLEM } },
    paths: { ...paths, '/hooks/{path}': { post: HOOK }, '/beats/{name}': { post: BEAT, get: BEAT } },
  };
}

function operationOf({
  path,
  scope,
  summary,
  body,
  query = {},
  headers = {},
  answers,
}: Route): Readonly<Record<string, unknown>> {
  const parameters = [
    ...[...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: TEXT })),
    ...Object.entries(query).map(([name, { kind, about }]) =>
      parameterOf('query', name, `${sentence(about)} ${sentence(kind.allowed)}`),
    ),
    ...Object.entries(headers).map(([name, about]) => parameterOf('header', name, about)),
  ];
  return {
    summary,
    description: scopeText(scope),
    ...(parameters.length > 0 && { parameters }),
    ...(scope !== 'open' && { security: scope === 'local' ? [{}, { token: [] }] : [{ token: [] }] }),
    ...(body && { requestBody: { content: Object.fromEntries(body.map((type) => [type, {}])) } }),
    responses: answersOf(answers),
  };
}

function parameterOf(location: 'query' | 'header', name: string, description: string): object {
  return { name, in: location, description, schema: TEXT };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function answersOf(answers: Readonly<Record<number, string>>): Readonly<Record<string, object>> {
  const problem = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
  return {
    // The 503 of /readyz has no problem details; other routes describe their 503 by `default`.
    ...Object.fromEntries(
      Object.entries(answers).map(([status, description]) => [
        status,
        { description, ...(Number(status) >= 400 && Number(status) !== 503 && problem) },
      ]),
    ),
    default: { description: 'Any other error', ...problem },
  };
}
