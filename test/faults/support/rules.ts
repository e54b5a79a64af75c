/** Addresses of the servers that the channels use. */
export interface Addresses {
  /** HTTP server of the webhooks and of the group bots. */
  readonly http: string;
  /** Port of the mail server. */
  readonly mail: number;
  /** Port at which nothing listens. */
  readonly closed: number;
  /** Folder of the daemon. */
  readonly folder: string;
}

/** Handling of the events of a kind. The name of a kind is the type of its events and the name of its rule. */
export interface Kind {
  /** Channels that the rule notifies. */
  readonly channels: readonly string[];
  /** Further settings of the rule. */
  readonly settings?: string;
  /** Share of the events, of the sum of all shares. */
  readonly share: number;
  /** Whether each event ends notified; a window may also suppress or collect it. */
  readonly window?: 'digest' | 'first' | 'pairs' | 'fifth';
  /** Whether each event has a key of its own. */
  readonly ownKey?: boolean;
}

/** All ten embedded channel types, an endpoint that refuses, one that is down, one that fails at times, and each kind of window. */
export const KINDS: Readonly<Record<string, Kind>> = {
  plain: { channels: ['hook'], share: 5 },
  ordered: { channels: ['ordered'], share: 3 },
  flaky: { channels: ['flaky'], share: 2 },
  chat: { channels: ['wecom', 'dingtalk', 'feishu'], share: 1 },
  mail: { channels: ['mail'], share: 1 },
  pushed: { channels: ['pushed'], share: 2 },
  local: { channels: ['screen', 'notes', 'console'], share: 1 },
  command: { channels: ['script'], share: 1 },
  refused: { channels: ['refusing'], share: 2 },
  down: { channels: ['down'], share: 1 },
  digest: { channels: ['hook'], settings: 'digest: { wait: 300ms, max: 20 }', share: 2, window: 'digest' },
  dedupe: { channels: ['hook'], settings: 'dedupe: 1h', share: 1, window: 'first' },
  throttle: { channels: ['hook'], settings: 'throttle: { max: 2, per: 1h }', share: 1, window: 'pairs' },
  threshold: { channels: ['hook'], settings: 'threshold: { count: 5, within: 1h }', share: 2, window: 'fifth' },
  held: { channels: ['hook'], settings: 'for: 200ms, resolve: { after: 1h }', share: 1, ownKey: true },
  escalated: {
    channels: ['hook', 'second'],
    settings: 'resolve: { after: 1h }, escalate: [{ after: 200ms, notify: second }]',
    share: 1,
    ownKey: true,
  },
};

/** Channels whose deliveries never end during a test. */
export const ENDLESS: readonly string[] = ['down'];
/** Channels whose deliveries end dead. */
export const REFUSING: readonly string[] = ['refusing'];

/** Text in each message by which a receiver knows the rule and the event. */
export const markOf = (rule: string, event: string): string => `mark.${rule}.${event}.`;
export const MARK = /mark\.([a-z]+)\.([0-9A-Za-z-]+)\./g;

/** Each start makes some attempts of a channel that is down, so the schedule must not be used up. */
const MANY_WAITS = Array.from({ length: 60 }, () => '1h').join(', ');

/** `version` is in the body of each message and in an unused rule, so that two versions differ. */
/** `sender` is in a header of each webhook; it shows which of several instances sent it. */
export function rulesOf({ http, mail, closed, folder }: Addresses, version = 0, sender?: string): string {
  const headers = sender === undefined ? '' : `headers: { x-sender: ${sender} }, `;
  const hook = (name: string, delivery: string): string =>
    `  ${name}: { type: webhook, url: "${http}/${name}", ${headers}delivery: { ${delivery} } }`;
  const bot = (name: string, settings: string): string =>
    `  ${name}: { type: ${name}, api: "${http}", ${settings}, delivery: { rate: 10000/1s } }`;
  return `channels:
${hook('hook', 'concurrency: 8')}
${hook('second', 'concurrency: 4')}
${hook('ordered', 'order: key')}
${hook('flaky', 'retry: [50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms]')}
${hook('refusing', 'retry: [1s]')}
  down: { type: webhook, url: "http://127.0.0.1:${closed}/down", delivery: { give_up_after: 240h, retry: [${MANY_WAITS}] } }
${bot('wecom', 'key: robot-key-of-the-group')}
${bot('dingtalk', 'token: token-of-the-group')}
${bot('feishu', 'token: token-of-the-group')}
  mail: { type: email, url: "smtp://127.0.0.1:${mail}", from: belfry@example.com, to: [ops@example.com], tls: none }
  pushed: { type: websocket, to: [alice] }
  screen: { type: desktop }
  script: { type: command, run: [/bin/sh, -c, 'cat >> "$HOME/commands.jsonl"'] }
  notes: { type: file, path: "${folder}/notes.jsonl" }
  console: { type: log }
rules:
${Object.entries(KINDS)
  .map(([name, kind]) => ruleOf(name, kind, version))
  .join('\n')}
  - { name: unused-${version}, on: api, match: { type: unused }, notify: hook }
`;
}

function ruleOf(name: string, { channels, settings, ownKey, window }: Kind, version: number): string {
  const targets = name === 'escalated' ? channels.slice(0, 1) : channels;
  const body = window === 'digest' ? `{% for event in events %}${markOf(name, '{{ event.id }}')}{% endfor %}` : '';
  return `  - name: ${name}
    on: api
    match: { type: ${name} }
    key: "${ownKey === true ? '{{ id }}' : '{{ subject }}'}"
    message: { title: "${markOf('{{ rule }}', '{{ id }}')}", body: "version ${version}. ${body}" }
    notify: [${targets.join(', ')}]
${settings === undefined ? '' : `    ${settings.replaceAll(/, (?=(?:resolve|escalate):)/g, '\n    ')}\n`}`;
}
