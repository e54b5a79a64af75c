// Page on which a browser subscribes to the pushes of a user. The token stays in the page; nothing is stored.

const TEXTS = {
  en: {
    title: 'Notifications of Belfry',
    token: 'Token',
    subscribe: 'Get notifications in this browser',
    end: 'Stop notifications in this browser',
    ready: 'Paste your token to get notifications in this browser.',
    subscribed: 'This browser gets the notifications of {user}.',
    active: 'This browser gets notifications. To move it to another user, paste their token.',
    ended: 'This browser gets no notifications any more.',
    insecure: 'Notifications need https. Open this page by its https address.',
    homeScreen: 'On an iPhone or iPad, tap Share, then "Add to Home Screen", and open the page from there.',
    unsupported: 'This browser has no push notifications.',
    denied:
      'Notifications of this page are blocked. Allow them in the settings of the browser, then load the page again.',
    dismissed: 'Notifications were not allowed. Try again and choose "Allow".',
    refused: 'The daemon refused: {reason}',
    failed: 'The subscription failed: {reason}',
  },
  zh: {
    title: 'Belfry 通知',
    token: '令牌',
    subscribe: '在此浏览器接收通知',
    end: '停止在此浏览器接收通知',
    ready: '粘贴您的令牌，即可在此浏览器接收通知。',
    subscribed: '此浏览器会接收 {user} 的通知。',
    active: '此浏览器会接收通知。如需换成其他用户，请粘贴其令牌。',
    ended: '此浏览器不再接收通知。',
    insecure: '通知需要 https。请用 https 地址打开本页。',
    homeScreen: '在 iPhone 或 iPad 上，请点“分享”，再点“添加到主屏幕”，然后从主屏幕打开。',
    unsupported: '此浏览器不支持推送通知。',
    denied: '本页的通知已被阻止。请在浏览器设置中允许通知，然后重新加载。',
    dismissed: '未允许通知。请重试并选择“允许”。',
    refused: '服务拒绝了请求：{reason}',
    failed: '订阅失败：{reason}',
  },
};

const language = navigator.language.startsWith('zh') ? 'zh' : 'en';
const texts = TEXTS[language];
const element = (id) => document.getElementById(id);
const say = (name, values = {}) => {
  element('state').textContent = texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
};

document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
for (const part of document.querySelectorAll('[data-text]')) part.textContent = texts[part.dataset.text];

/** Proof in the fragment, `#token=...` or `#ticket=...`, which no server sees. It is removed from the address at once. */
const given = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, '', location.pathname);
element('token').value = given.get('token') ?? '';

/** Reason why this browser cannot subscribe; undefined if it can. */
function obstacle() {
  if (!isSecureContext) return 'insecure';
  const isApple =
    /iPhone|iPad/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) return isApple ? 'homeScreen' : 'unsupported';
  return Notification.permission === 'denied' ? 'denied' : undefined;
}

async function call(method, body) {
  const ticket = given.get('ticket');
  const token = element('token').value.trim();
  const query = ticket === null ? '' : `?ticket=${encodeURIComponent(ticket)}`;
  given.delete('ticket');
  const response = await fetch(`webpush${query}`, {
    method,
    headers: { 'content-type': 'application/json', ...(query === '' && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (response.ok) return response.status === 204 ? {} : await response.json();
  const { detail = response.statusText } = await response.json().catch(() => ({}));
  throw new Refusal(detail);
}

class Refusal extends Error {}

async function subscribe(registration) {
  const permission = await Notification.requestPermission();
  if (permission !== 'granted') return say(permission === 'denied' ? 'denied' : 'dismissed');
  const answer = await fetch('webpush', { headers: { accept: 'application/json' } });
  const { public_key: applicationServerKey } = await answer.json();
  const options = { userVisibleOnly: true, applicationServerKey };
  const { pushManager } = registration;
  let subscription;
  try {
    subscription = await pushManager.subscribe(options);
  } catch (error) {
    // A subscription with the key of an earlier daemon is in the way.
    if (error.name !== 'InvalidStateError') throw error;
    await (await pushManager.getSubscription())?.unsubscribe();
    subscription = await pushManager.subscribe(options);
  }
  const page = location.origin + location.pathname;
  const { user } = await call('POST', { ...subscription.toJSON(), page });
  element('end').hidden = false;
  say('subscribed', { user });
}

async function end(registration) {
  const subscription = await registration.pushManager.getSubscription();
  if (subscription === null) return;
  const { endpoint } = subscription;
  // The push service refuses messages to an ended subscription, and the daemon then forgets it; with the token it forgets it now.
  await subscription.unsubscribe();
  if (element('token').value.trim() !== '') await call('DELETE', { endpoint });
  element('end').hidden = true;
  say('ended');
}

/** Resolves when the worker runs: without a running one a subscription fails, and a message is lost. */
function activated({ active, waiting, installing }) {
  const coming = installing ?? waiting;
  if (active !== null || coming === null) return Promise.resolve();
  return new Promise((resolve) => {
    coming.addEventListener('statechange', () => {
      if (coming.state === 'activated' || coming.state === 'redundant') resolve();
    });
  });
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    say(error instanceof Refusal ? 'refused' : 'failed', { reason: error.message });
  }
}

async function start() {
  const reason = obstacle();
  if (reason !== undefined) return say(reason);
  const registration = await navigator.serviceWorker.register('webpush/worker.js');
  await activated(registration);
  const isActive = (await registration.pushManager.getSubscription()) !== null;
  element('form').hidden = false;
  element('end').hidden = !isActive;
  element('form').addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(() => subscribe(registration));
  });
  element('end').addEventListener('click', () => void attempt(() => end(registration)));
  say(isActive ? 'active' : 'ready');
}

await attempt(start);
