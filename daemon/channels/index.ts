import type { ChannelConfig } from '../core/ruleset.ts';
import type { Registry } from '../core/compile/registry.ts';
import type { ChannelFamily, ChannelType } from './channel.ts';

type Load = () => Promise<ChannelType>;

/** All channel types by family, in the order of the reference. A type is loaded when rules name it, so that others cost nothing. */
const FAMILIES: readonly { readonly name: string; readonly types: Readonly<Record<string, Load>> }[] = [
  {
    name: 'Chat',
    types: {
      slack: async () => (await import('./chat/slack/slack.ts')).slack,
      discord: async () => (await import('./chat/discord.ts')).discord,
      telegram: async () => (await import('./chat/telegram/telegram.ts')).telegram,
      teams: async () => (await import('./chat/work/teams.ts')).teams,
      google_chat: async () => (await import('./chat/work/google-chat.ts')).googleChat,
      mattermost: async () => (await import('./chat/work/mattermost.ts')).mattermost,
      rocketchat: async () => (await import('./chat/work/rocketchat.ts')).rocketchat,
      matrix: async () => (await import('./chat/work/matrix.ts')).matrix,
      zulip: async () => (await import('./chat/work/zulip.ts')).zulip,
      webex: async () => (await import('./chat/work/webex.ts')).webex,
      line: async () => (await import('./chat/phone/line.ts')).line,
      signal: async () => (await import('./chat/phone/signal.ts')).signal,
      whatsapp: async () => (await import('./chat/phone/whatsapp.ts')).whatsapp,
    },
  },
  {
    name: 'Chat in China',
    types: {
      wecom: async () => (await import('./chat/wecom.ts')).wecom,
      wecom_app: async () => (await import('./china/wecom-app.ts')).wecomApp,
      dingtalk: async () => (await import('./chat/dingtalk.ts')).dingtalk,
      dingtalk_work: async () => (await import('./china/dingtalk-work.ts')).dingtalkWork,
      feishu: async () => (await import('./chat/feishu.ts')).feishu,
      feishu_app: async () => (await import('./china/feishu-app.ts')).feishuApp,
      onebot: async () => (await import('./china/onebot.ts')).onebot,
    },
  },
  {
    name: 'Push to phones and screens',
    types: {
      desktop: async () => (await import('./local/desktop/desktop.ts')).desktop,
      websocket: async () => (await import('./push/websocket.ts')).websocket,
      webpush: async () => (await import('./push/webpush/webpush.ts')).webpush,
      ntfy: async () => (await import('./push/ntfy.ts')).ntfy,
      gotify: async () => (await import('./push/gotify.ts')).gotify,
      pushover: async () => (await import('./push/pushover.ts')).pushover,
      pushbullet: async () => (await import('./push/pushbullet.ts')).pushbullet,
      apprise: async () => (await import('./push/apprise.ts')).apprise,
      homeassistant: async () => (await import('./push/homeassistant.ts')).homeassistant,
      bark: async () => (await import('./china/bark.ts')).bark,
      serverchan: async () => (await import('./china/serverchan.ts')).serverchan,
      pushdeer: async () => (await import('./china/pushdeer.ts')).pushdeer,
      pushplus: async () => (await import('./china/pushplus.ts')).pushplus,
      wxpusher: async () => (await import('./china/wxpusher.ts')).wxpusher,
    },
  },
  {
    name: 'Incidents and issues',
    types: {
      pagerduty: async () => (await import('./incident/pagerduty.ts')).pagerduty,
      opsgenie: async () => (await import('./incident/opsgenie.ts')).opsgenie,
      splunk_oncall: async () => (await import('./incident/splunk-oncall.ts')).splunkOncall,
      grafana_irm: async () => (await import('./incident/grafana-irm.ts')).grafanaIrm,
      alertmanager: async () => (await import('./incident/alertmanager.ts')).alertmanager,
      github_issue: async () => (await import('./incident/github-issue.ts')).githubIssue,
    },
  },
  {
    name: 'Mail and text messages',
    types: {
      email: async () => (await import('./email/email.ts')).email,
      ses: async () => (await import('./mail-api/ses.ts')).ses,
      sendgrid: async () => (await import('./mail-api/sendgrid.ts')).sendgrid,
      mailgun: async () => (await import('./mail-api/mailgun.ts')).mailgun,
      postmark: async () => (await import('./mail-api/postmark.ts')).postmark,
      resend: async () => (await import('./mail-api/resend.ts')).resend,
      twilio: async () => (await import('./sms/twilio.ts')).twilio,
      sns: async () => (await import('./sms/sns.ts')).sns,
      aliyun_sms: async () => (await import('./sms/aliyun-sms.ts')).aliyunSms,
      tencent_sms: async () => (await import('./sms/tencent-sms.ts')).tencentSms,
    },
  },
  {
    name: 'Message brokers and logs',
    types: {
      mqtt: async () => (await import('./broker/mqtt/mqtt.ts')).mqtt,
      nats: async () => (await import('./broker/nats/nats.ts')).nats,
      redis: async () => (await import('./broker/redis/redis.ts')).redis,
      amqp: async () => (await import('./broker/amqp/amqp.ts')).amqp,
      syslog: async () => (await import('./broker/syslog/syslog.ts')).syslog,
      log: async () => (await import('./local/log.ts')).log,
    },
  },
  {
    name: 'Web, programs and files',
    types: {
      webhook: async () => (await import('./webhook/webhook.ts')).webhook,
      cloudevents: async () => (await import('./incident/cloudevents.ts')).cloudevents,
      command: async () => (await import('./local/command.ts')).command,
      file: async () => (await import('./local/file.ts')).file,
    },
  },
];

const LOADERS: ReadonlyMap<string, Load> = new Map(FAMILIES.flatMap(({ types }) => Object.entries(types)));
const NAMES: readonly string[] = [...LOADERS.keys()];

const loaded: ChannelType[] = [];
const faults = new Map<string, string>();

async function loadType(name: string): Promise<ChannelType> {
  const type = await LOADERS.get(name)!();
  if (!loaded.includes(type)) loaded.push(type);
  return type;
}

/** Loads all channel types, in the order of the reference. */
export async function loadChannelTypes(): Promise<readonly ChannelType[]> {
  return await Promise.all(NAMES.map(loadType));
}

/** Loads all channel types by family, in the order of the reference. */
export async function loadChannelFamilies(): Promise<readonly ChannelFamily[]> {
  return await Promise.all(
    FAMILIES.map(async ({ name, types }) => ({ name, types: await Promise.all(Object.keys(types).map(loadType)) })),
  );
}

/** Loads the built-in types among these names, if they are not loaded. A type that cannot be loaded becomes a fault. */
async function loadNamed(names: Iterable<string>): Promise<void> {
  for (const name of new Set(names)) {
    if (!LOADERS.has(name) || loaded.some(({ type }) => type === name)) continue;
    try {
      await loadType(name);
      faults.delete(name);
    } catch (error) {
      faults.set(name, (error as Error).message.split('\n')[0]!);
    }
  }
}

/** Built-in channel types for the compiler, which loads those that the rules name. */
export const builtIn = {
  channels: loaded as readonly ChannelType[],
  loader: { names: NAMES, load: loadNamed, faults },
} satisfies Pick<Registry, 'channels' | 'loader'>;

/** The type of a channel of compiled rules, which is loaded. */
export const typeOfChannel = ({ type, pluginType }: Pick<ChannelConfig, 'type' | 'pluginType'>): ChannelType =>
  (pluginType as ChannelType | undefined) ?? loaded.find((candidate) => candidate.type === type)!;
