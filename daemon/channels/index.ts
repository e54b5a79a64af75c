import type { ChannelConfig } from '../core/ruleset.ts';
import type { ChannelFamily, ChannelType } from './channel.ts';
import { amqp } from './broker/amqp/amqp.ts';
import { mqtt } from './broker/mqtt/mqtt.ts';
import { nats } from './broker/nats/nats.ts';
import { redis } from './broker/redis/redis.ts';
import { syslog } from './broker/syslog/syslog.ts';
import { dingtalk } from './chat/dingtalk.ts';
import { discord } from './chat/discord.ts';
import { feishu } from './chat/feishu.ts';
import { line } from './chat/phone/line.ts';
import { signal } from './chat/phone/signal.ts';
import { whatsapp } from './chat/phone/whatsapp.ts';
import { slack } from './chat/slack/slack.ts';
import { telegram } from './chat/telegram/telegram.ts';
import { wecom } from './chat/wecom.ts';
import { googleChat } from './chat/work/google-chat.ts';
import { matrix } from './chat/work/matrix.ts';
import { mattermost } from './chat/work/mattermost.ts';
import { rocketchat } from './chat/work/rocketchat.ts';
import { teams } from './chat/work/teams.ts';
import { webex } from './chat/work/webex.ts';
import { zulip } from './chat/work/zulip.ts';
import { bark } from './china/bark.ts';
import { dingtalkWork } from './china/dingtalk-work.ts';
import { feishuApp } from './china/feishu-app.ts';
import { onebot } from './china/onebot.ts';
import { pushdeer } from './china/pushdeer.ts';
import { pushplus } from './china/pushplus.ts';
import { serverchan } from './china/serverchan.ts';
import { wecomApp } from './china/wecom-app.ts';
import { wxpusher } from './china/wxpusher.ts';
import { email } from './email/email.ts';
import { alertmanager } from './incident/alertmanager.ts';
import { cloudevents } from './incident/cloudevents.ts';
import { githubIssue } from './incident/github-issue.ts';
import { grafanaIrm } from './incident/grafana-irm.ts';
import { opsgenie } from './incident/opsgenie.ts';
import { pagerduty } from './incident/pagerduty.ts';
import { splunkOncall } from './incident/splunk-oncall.ts';
import { command } from './local/command.ts';
import { desktop } from './local/desktop/desktop.ts';
import { file } from './local/file.ts';
import { log } from './local/log.ts';
import { mailgun } from './mail-api/mailgun.ts';
import { postmark } from './mail-api/postmark.ts';
import { resend } from './mail-api/resend.ts';
import { sendgrid } from './mail-api/sendgrid.ts';
import { ses } from './mail-api/ses.ts';
import { apprise } from './push/apprise.ts';
import { gotify } from './push/gotify.ts';
import { homeassistant } from './push/homeassistant.ts';
import { ntfy } from './push/ntfy.ts';
import { pushbullet } from './push/pushbullet.ts';
import { pushover } from './push/pushover.ts';
import { webpush } from './push/webpush/webpush.ts';
import { websocket } from './push/websocket.ts';
import { aliyunSms } from './sms/aliyun-sms.ts';
import { sns } from './sms/sns.ts';
import { tencentSms } from './sms/tencent-sms.ts';
import { twilio } from './sms/twilio.ts';
import { webhook } from './webhook/webhook.ts';

/** All channel types by family, in the order of the reference. */
export const channelFamilies: readonly ChannelFamily[] = [
  {
    name: 'Chat',
    types: [
      slack,
      discord,
      telegram,
      teams,
      googleChat,
      mattermost,
      rocketchat,
      matrix,
      zulip,
      webex,
      line,
      signal,
      whatsapp,
    ],
  },
  { name: 'Chat in China', types: [wecom, wecomApp, dingtalk, dingtalkWork, feishu, feishuApp, onebot] },
  {
    name: 'Push to phones and screens',
    types: [
      desktop,
      websocket,
      webpush,
      ntfy,
      gotify,
      pushover,
      pushbullet,
      apprise,
      homeassistant,
      bark,
      serverchan,
      pushdeer,
      pushplus,
      wxpusher,
    ],
  },
  { name: 'Incidents and issues', types: [pagerduty, opsgenie, splunkOncall, grafanaIrm, alertmanager, githubIssue] },
  {
    name: 'Mail and text messages',
    types: [email, ses, sendgrid, mailgun, postmark, resend, twilio, sns, aliyunSms, tencentSms],
  },
  { name: 'Message brokers and logs', types: [mqtt, nats, redis, amqp, syslog, log] },
  { name: 'Web, programs and files', types: [webhook, cloudevents, command, file] },
];

export const channelTypes: readonly ChannelType[] = channelFamilies.flatMap(({ types }) => types);

/** The type of a channel of the rules. */
export const typeOfChannel = ({ type, pluginType }: Pick<ChannelConfig, 'type' | 'pluginType'>): ChannelType =>
  (pluginType as ChannelType | undefined) ?? channelTypes.find((candidate) => candidate.type === type)!;
