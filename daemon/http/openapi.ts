import type { Route } from './route.ts';

const SCOPES: Readonly<Record<Route['scope'], string>> = {
  open: 'No token.',
  local: 'No token on the loopback, else scope `read`.',
  emit: 'Scope `emit`.',
  read: 'Scope `read`.',
  admin: 'Scope `admin`.',
  stream: 'Scope `stream` or `stream:USER`.',
};

/** OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), made from the routes themselves, so that it cannot fall behind. */
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
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  };
}

function operationOf({ path, scope, summary, answers }: Route): Readonly<Record<string, unknown>> {
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    summary,
    description: SCOPES[scope],
    ...(parameters.length > 0 && { parameters }),
    ...(scope !== 'open' && { security: scope === 'local' ? [{}, { token: [] }] : [{ token: [] }] }),
    responses: Object.fromEntries(Object.entries(answers).map(([status, description]) => [status, { description }])),
  };
}
