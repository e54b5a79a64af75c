// Service worker: shows pushed messages where the browser does not do it by itself, and opens their links.
// The messages are declarative: https://www.w3.org/TR/push-api/#declarative-push-message

self.addEventListener('push', (event) => {
  const { notification } = event.data.json();
  const { title, navigate, require_interaction: requireInteraction, actions = [], ...options } = notification;
  const data = { navigate, actions: Object.fromEntries(actions.map(({ action, navigate: url }) => [action, url])) };
  const buttons = actions.map(({ action, title: label }) => ({ action, title: label }));
  event.waitUntil(
    self.registration.showNotification(title, {
      ...options,
      requireInteraction,
      actions: buttons,
      icon: 'icon.png',
      data,
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  const { data } = event.notification;
  event.notification.close();
  event.waitUntil(self.clients.openWindow(data.actions[event.action] ?? data.navigate));
});

// The browser has dropped its subscription, and subscribing again needs the token of the user.
self.addEventListener('pushsubscriptionchange', (event) => {
  const page = new URL('../webpush', self.location).href;
  const isChinese = self.navigator.language.startsWith('zh');
  const title = isChinese ? '此浏览器不再接收 Belfry 通知' : 'This browser gets no notifications of Belfry any more';
  const body = isChinese ? '打开页面重新订阅。' : 'Open the page and subscribe again.';
  event.waitUntil(
    self.registration.showNotification(title, { body, icon: 'icon.png', data: { navigate: page, actions: {} } }),
  );
});
