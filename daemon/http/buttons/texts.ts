import type { ButtonChange, ButtonVerb } from '../../core/message/alert-button.ts';
import { formatDuration } from '../../lib/time/duration.ts';

/** Outcome of a request for a button, as its page shows it. */
export type PageKind =
  | 'ask'
  | 'done'
  | 'used'
  | 'already'
  | 'over'
  | 'expired'
  | 'unknown'
  | 'too_many'
  | 'limited'
  | 'foreign'
  | 'method'
  | 'unavailable';

export interface PageTexts {
  readonly lang: string;
  /** The change as a question, and its button. */
  readonly ask: (change: ButtonChange) => string;
  readonly button: (change: ButtonChange) => string;
  readonly done: (change: ButtonChange) => string;
  readonly headings: Readonly<Record<Exclude<PageKind, 'ask' | 'done'>, string>>;
  readonly notes: Readonly<Partial<Record<PageKind, string>>>;
  /** `by` is a name, `at` a time; the time is in UTC. */
  readonly act: (done: string, by: string | undefined, at: string) => string;
  readonly rule: string;
  readonly key: string;
}

const byVerb = (
  texts: Readonly<Record<ButtonVerb, (length: string) => string>>,
): ((change: ButtonChange) => string) => {
  return (change) => texts[change.verb](change.verb === 'silence' ? formatDuration(change.ms) : '');
};

const ENGLISH: PageTexts = {
  lang: 'en',
  ask: byVerb({
    ack: () => 'Acknowledge this alert?',
    resolve: () => 'End this alert?',
    silence: (length) => `Silence this alert for ${length}?`,
  }),
  button: byVerb({
    ack: () => 'Acknowledge',
    resolve: () => 'End the alert',
    silence: (length) => `Silence for ${length}`,
  }),
  done: byVerb({ ack: () => 'Acknowledged', resolve: () => 'Ended', silence: (length) => `Silenced for ${length}` }),
  headings: {
    used: 'This link was used before',
    already: 'This alert is acknowledged already',
    over: 'This alert is over',
    expired: 'This link is too old',
    unknown: 'This link is not valid',
    too_many: 'There are too many silences',
    limited: 'Too many requests',
    foreign: 'This request came from another page',
    method: 'This link takes no such request',
    unavailable: 'Nothing can be changed now',
  },
  notes: {
    done: 'You can close this page.',
    over: 'Nothing was changed.',
    expired: 'A link works for 7 days, and as long as the history has its message. Nothing was changed.',
    unknown: 'It is incomplete, was changed, or belongs to another daemon. Nothing was changed.',
    too_many: 'Let one end first. Nothing was changed.',
    limited: 'Try again in a minute. Nothing was changed.',
    foreign: 'Open the link itself. Nothing was changed.',
    method: 'Open the link in a browser. Nothing was changed.',
    unavailable: 'Try again in a minute. Nothing was changed.',
  },
  act: (done, by, at) => `${done}${by === undefined ? '' : ` by ${by}`}, ${at}`,
  rule: 'Rule',
  key: 'Key',
};

const CHINESE: PageTexts = {
  lang: 'zh-CN',
  ask: byVerb({
    ack: () => '确认此告警？',
    resolve: () => '结束此告警？',
    silence: (length) => `将此告警静默 ${length}？`,
  }),
  button: byVerb({ ack: () => '确认', resolve: () => '结束告警', silence: (length) => `静默 ${length}` }),
  done: byVerb({ ack: () => '已确认', resolve: () => '已结束', silence: (length) => `已静默 ${length}` }),
  headings: {
    used: '此链接已被使用',
    already: '此告警已被确认',
    over: '此告警已结束',
    expired: '此链接已过期',
    unknown: '此链接无效',
    too_many: '静默数量已达上限',
    limited: '请求过多',
    foreign: '此请求来自其他页面',
    method: '此链接不接受这种请求',
    unavailable: '现在无法更改',
  },
  notes: {
    done: '可以关闭此页面。',
    over: '未做任何更改。',
    expired: '链接有效期为 7 天，且历史记录中须仍有该消息。未做任何更改。',
    unknown: '链接不完整、被改动，或属于另一个守护进程。未做任何更改。',
    too_many: '请先等待某个静默结束。未做任何更改。',
    limited: '请一分钟后再试。未做任何更改。',
    foreign: '请直接打开链接。未做任何更改。',
    method: '请在浏览器中打开链接。未做任何更改。',
    unavailable: '请一分钟后再试。未做任何更改。',
  },
  act: (done, by, at) => `${done}${by === undefined ? '' : `，操作者：${by}`}，${at}`,
  rule: '规则',
  key: '键',
};

/** Texts in the language that the browser prefers: Chinese if it comes before English, otherwise English. */
export function textsFor(acceptLanguage: string | undefined): PageTexts {
  const first = (acceptLanguage ?? '')
    .split(',')
    .map((entry) => {
      const [tag = '', ...parameters] = entry.trim().toLowerCase().split(';');
      const weight = parameters.map((one) => /^\s*q=([\d.]+)/.exec(one)?.[1]).find((one) => one !== undefined);
      return { tag, weight: Number(weight ?? 1) };
    })
    .sort((a, b) => b.weight - a.weight)
    .find(({ tag }) => /^(?:zh|en)\b/.test(tag));
  return first?.tag.startsWith('zh') === true ? CHINESE : ENGLISH;
}
