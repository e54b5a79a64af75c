import { EXIT } from '../../../core/problems/failure.ts';
import type { IdentityView, LastUse } from '../../../http/daemon-api.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions } from '../../options.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';

export const declareList: Verb = (token, { terminal, access, run }) => {
  daemonOptions(token.command('list'))
    .description('list the tokens with their scopes, ends and last uses, and the sessions of the web console')
    .action((options: CommonOptions) =>
      run(async () => {
        const client = await access.client(options);
        return showTokens(terminal, await client.call<IdentityView>('GET', '/v1/tokens'), options);
      }),
    );
};

const COLOURS = { valid: 'green', expiring: 'yellow', expired: 'red' } as const;

function showTokens(terminal: Terminal, view: IdentityView, options: CommonOptions): number {
  if (options.json) {
    jsonLine(terminal, view);
    return EXIT.ok;
  }
  const style = styleOf(terminal, options);
  const { paint, time } = style;
  const tokens = view.tokens.map(({ name, scopes, state, expires, last_used: used }) => [
    harmless(name),
    harmless(scopes.join(' ')),
    paint(COLOURS[state], state),
    expires === undefined ? 'never' : time(expires),
    ...useOf(used, style),
  ]);
  line(terminal, table([['TOKEN', 'SCOPES', 'STATE', 'EXPIRES', 'LAST USED', 'FROM'], ...tokens]));
  const sessions = view.sessions.map(({ id, by, scopes, until, last_used: used }) => [
    id,
    harmless(by ?? 'socket'),
    harmless(scopes.join(' ')),
    time(until),
    ...useOf(used, style),
  ]);
  if (sessions.length > 0)
    line(terminal, `\n${table([['SESSION', 'OF', 'SCOPES', 'UNTIL', 'LAST USED', 'FROM'], ...sessions])}`);
  return EXIT.ok;
}

const useOf = (used: LastUse | undefined, { time }: Style): readonly [string, string] =>
  used === undefined ? ['never', ''] : [time(used.at), used.address ?? 'socket'];
