import { EXIT } from '../../../core/problems/failure.ts';
import { isObject } from '../../../core/values/json.ts';
import type { ListedSilenceView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions } from '../../options.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';

interface SilenceListOptions extends CommonOptions {
  readonly all?: boolean;
}

export const declareList: Verb = (silence, { terminal, access, run }) => {
  daemonOptions(silence.command('list'))
    .description('list active and pending silences')
    .option('--all', 'also list expired silences')
    .action((options: SilenceListOptions) =>
      run(async () => listSilences(terminal, await access.client(options), options)),
    );
};

async function listSilences(terminal: Terminal, client: Client, options: SilenceListOptions): Promise<number> {
  const { silences } = await client.call<{ silences: readonly ListedSilenceView[] }>('GET', '/v1/silences');
  const listed = silences.filter(({ state }) => options.all === true || state !== 'expired');
  if (options.json) for (const silence of listed) jsonLine(terminal, silence);
  else line(terminal, listed.length === 0 ? 'no silences' : silenceTable(listed, styleOf(terminal, options)));
  return EXIT.ok;
}

const STATE_COLOURS = { active: 'green', pending: 'yellow', expired: 'grey' } as const;

function silenceTable(silences: readonly ListedSilenceView[], { paint, time, times }: Style): string {
  const rows = silences.map((silence) => {
    const {
      id,
      state,
      from,
      until,
      active_until: window,
      by = '',
      reason,
      name,
      file,
      line,
      last_match: last,
    } = silence;
    const when = window ?? (state === 'pending' && from !== undefined ? `from ${from}` : (until ?? 'by its pattern'));
    const author = by === '' && file !== undefined ? `${file}:${line}` : by;
    const why = name === undefined ? reason : `${name}: ${reason}`;
    return [
      id,
      paint(STATE_COLOURS[state], state),
      times(when),
      harmless(author),
      harmless(matchText(silence)),
      last === undefined ? 'never' : time(last),
      harmless(why),
    ];
  });
  return table([['ID', 'STATE', 'UNTIL', 'BY', 'SILENCES', 'LAST MATCH', 'REASON'], ...rows]);
}

function matchText({ match, if: condition }: ListedSilenceView): string {
  const pairs = Object.entries(isObject(match) ? match : {}).map(
    ([path, pattern]) => `${path}=${typeof pattern === 'string' ? pattern : JSON.stringify(pattern)}`,
  );
  const parts = condition === undefined ? pairs : [...pairs, `if ${condition}`];
  return parts.length === 0 ? 'everything' : parts.join(' ');
}
