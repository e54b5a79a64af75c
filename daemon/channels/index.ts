import type { ChannelType } from './channel.ts';
import { command } from './command.ts';
import { desktop } from './desktop.ts';
import { dingtalk } from './dingtalk.ts';
import { email } from './email.ts';
import { feishu } from './feishu.ts';
import { file } from './file.ts';
import { log } from './log.ts';
import { webhook } from './webhook.ts';
import { websocket } from './websocket.ts';
import { wecom } from './wecom.ts';

/** Every way out. A new channel is a file of its own and a line here. */
export const channelTypes: readonly ChannelType[] = [
  webhook,
  email,
  desktop,
  websocket,
  wecom,
  dingtalk,
  feishu,
  command,
  file,
  log,
];
