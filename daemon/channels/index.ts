import type { ChannelType } from './channel.ts';
import { command } from './local/command.ts';
import { desktop } from './local/desktop/desktop.ts';
import { dingtalk } from './chat/dingtalk.ts';
import { discord } from './chat/discord.ts';
import { email } from './email/email.ts';
import { feishu } from './chat/feishu.ts';
import { file } from './local/file.ts';
import { gotify } from './push/gotify.ts';
import { log } from './local/log.ts';
import { ntfy } from './push/ntfy.ts';
import { slack } from './chat/slack.ts';
import { telegram } from './chat/telegram.ts';
import { webhook } from './webhook/webhook.ts';
import { websocket } from './push/websocket.ts';
import { wecom } from './chat/wecom.ts';

/** All channel types, in the order of the reference. */
export const channelTypes: readonly ChannelType[] = [
  webhook,
  email,
  desktop,
  websocket,
  wecom,
  dingtalk,
  feishu,
  slack,
  discord,
  telegram,
  ntfy,
  gotify,
  command,
  file,
  log,
];
