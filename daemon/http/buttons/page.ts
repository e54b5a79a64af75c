import { createHash } from 'node:crypto';
import type { Act } from '../../core/alerts/press.ts';
import { escapeFor } from '../../core/message/escape.ts';
import { changeOf } from '../../core/message/alert-button.ts';
import { truncateText } from '../../core/message/truncate.ts';
import type { ButtonView } from '../daemon-api.ts';
import type { PageKind, PageTexts } from './texts.ts';

const STYLE = `:root{color-scheme:light dark;font:17px/1.5 system-ui,sans-serif}
body{margin:0;padding:1.5rem;display:grid;justify-content:center;overflow-wrap:anywhere}
main{max-width:34rem}h1{font-size:1.35rem;margin:0 0 1rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{opacity:.7}dd{margin:0}
button{font:inherit;font-weight:600;width:100%;min-height:3rem;margin-top:1rem;padding:.5rem 1rem;border:0;border-radius:.5rem;background:#1d4ed8;color:#fff;cursor:pointer}
button:focus-visible{outline:3px solid currentColor;outline-offset:3px}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Headers of every page: no script, no other resource, no frame, no referrer, no copy. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex',
};

/** Largest length of a title and a key on the page. */
const MAX_SHOWN = 300;

/** HTML of a page. `token` is in the form of a page that asks. */
export function pageOf(kind: PageKind, view: ButtonView | undefined, texts: PageTexts, token: string): string {
  const found = view?.kind === 'found' ? view : undefined;
  const heading =
    kind === 'ask' ? texts.ask(found!.change) : kind === 'done' ? texts.done(found!.change) : texts.headings[kind];
  const state = found?.state;
  const act = state !== undefined && 'act' in state ? state.act : undefined;
  const parts = [
    `<h1>${html(heading)}</h1>`,
    found === undefined ? '' : factsOf(found, texts),
    act === undefined ? '' : `<p>${html(actText(act, texts))}</p>`,
    texts.notes[kind] === undefined ? '' : `<p>${html(texts.notes[kind]!)}</p>`,
    kind === 'ask' ? formOf(texts.button(found!.change), token) : '',
  ];
  return `<!doctype html><html lang="${texts.lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(heading)}</title><style>${STYLE}</style></head><body><main>${parts.join('')}</main></body></html>`;
}

function factsOf({ title, rule, key }: Extract<ButtonView, { kind: 'found' }>, texts: PageTexts): string {
  const row = (name: string, value: string): string => `<dt>${html(name)}</dt><dd>${shown(value)}</dd>`;
  return `<p><strong>${shown(title)}</strong></p><dl>${row(texts.rule, rule)}${row(texts.key, key)}</dl>`;
}

/** Text and time of what was done: `Acknowledged by ann, 2026-11-23 03:12 UTC`. */
function actText({ change, by, at }: Act, texts: PageTexts): string {
  const time = `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return texts.act(texts.done(changeOf(change) ?? { verb: 'ack' }), by, time);
}

/** The form has no `action`, so that it is sent to the address of the page, whatever path a proxy has removed. */
const formOf = (label: string, token: string): string =>
  `<form method="post"><input type="hidden" name="token" value="${html(token)}"><button>${html(label)}</button></form>`;

const html = (text: string): string => escapeFor(text, 'html');

/** Text of an event on one line, without characters that reverse the order of the text after them. */
const shown = (text: string): string =>
  html(truncateText(text.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, ' ').trim(), MAX_SHOWN));
