// Script of a page of another site, which runs in the browser: `hostile` has what it tries against a daemon.
globalThis.hostile = {
  /** Requests that a page may send to another origin, by every way. Answers of frames and elements are not waited for. */
  async requests(to) {
    const json = '{"type":"forged","forged":true}';
    const tries = [];
    for (const mode of ['no-cors', 'cors']) {
      tries.push(fetch(to, { method: 'POST', mode, body: json, credentials: 'include' }));
      tries.push(fetch(to, { method: 'POST', mode, body: new URLSearchParams({ forged: '1' }) }));
    }
    tries.push(fetch(to, { method: 'POST', body: json, headers: { 'content-type': 'application/json' } }));
    tries.push(fetch(to, { mode: 'no-cors' }));
    await Promise.allSettled(tries);
    navigator.sendBeacon(to, json);
    for (const tag of ['img', 'script', 'iframe']) {
      const element = document.createElement(tag);
      element.src = `${to}?forged=1`;
      document.body.append(element);
    }
    for (const enctype of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
      const frame = document.createElement('iframe');
      frame.name = `${to} ${enctype}`;
      const form = document.createElement('form');
      Object.assign(form, { action: to, method: 'POST', enctype, target: frame.name });
      const field = document.createElement('input');
      Object.assign(field, { name: '{"type":"forged","x":"', value: '"}' });
      form.append(field);
      document.body.append(frame, form);
      form.submit();
    }
  },
  /** Number of calls whose answers the page could read. */
  async readable(origin, paths, token) {
    const headers = { authorization: `Bearer ${token}` };
    const calls = paths.flatMap((path) => [
      fetch(`${origin}${path}`),
      fetch(`${origin}${path}`, { headers }),
      fetch(`${origin}${path}`, { method: 'POST', body: '{}' }),
      fetch(`${origin}${path}`, {
        method: 'POST',
        body: '{}',
        headers: { ...headers, 'content-type': 'application/json' },
      }),
    ]);
    return (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled').length;
  },
  /** Opens a WebSocket: `opened` or `refused`. */
  socket(url, protocols) {
    return new Promise((resolve) => {
      const socket = new WebSocket(url, protocols);
      socket.onopen = () => resolve('opened');
      socket.onerror = () => resolve('refused');
    });
  },
  /** Opens server-sent events. */
  events(url) {
    return new Promise((resolve) => {
      const source = new EventSource(url);
      source.onopen = () => resolve('opened');
      source.onerror = () => {
        source.close();
        resolve('refused');
      };
    });
  },
  async statuses(paths, token) {
    const headers = { authorization: `Bearer ${token}` };
    const calls = paths.map((path) => fetch(path, { method: path.startsWith('/hooks/') ? 'POST' : 'GET', headers }));
    return (await Promise.all(calls)).map(({ status }) => status);
  },
  open(url) {
    this.opened = window.open(url);
  },
  /** Whether the page has a handle of the window that it opened. */
  hasHandle() {
    return this.opened !== null && !this.opened.closed;
  },
  frame(url) {
    const frame = document.createElement('iframe');
    frame.src = url;
    document.body.append(frame);
  },
};
