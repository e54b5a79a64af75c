import { EXIT } from '../../../core/problems/failure.ts';
import type { ChannelView } from '../../../http/daemon-api.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, offlineOption } from '../../options.ts';
import { channelTable } from '../../render/channels.ts';
import { styleOf } from '../../render/style.ts';
import { type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

export const declareList: Verb = (channel, { terminal, access, run }) => {
  offlineOption(daemonOptions(channel.command('list')))
    .description('list every channel with its state')
    .action((options: CommonOptions) =>
      run(async () => listChannels(terminal, await access.channels(options), options)),
    );
};

function listChannels(terminal: Terminal, channels: readonly ChannelView[], options: CommonOptions): number {
  if (options.json) for (const channel of channels) jsonLine(terminal, channel);
  else line(terminal, channelTable(channels, styleOf(terminal, options)));
  return EXIT.ok;
}
