import type { VNode } from 'preact';
import { texts } from '../lib/texts.ts';
import { notify } from './notice.tsx';

/** Buttons that copy the same call as a command of `curl` and of Belfry. */
export function CopyCommands({ curl, cli }: { curl?: string; cli?: string }): VNode {
  return (
    <span class="copy">
      {cli !== undefined && <Copy text={cli} label="CLI" />}
      {curl !== undefined && <Copy text={curl} label="curl" />}
    </span>
  );
}

export function Copy({ text, label }: { text: string; label: string }): VNode {
  const { common } = texts.value;
  const copy = (): void => {
    copyText(text).then(
      () => notify(common.copied),
      () => notify(common.notCopied, 'bad'),
    );
  };
  return (
    <button type="button" class="plain" title={text} aria-label={common.copyAs(label)} onClick={copy}>
      <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d="M5 5V2h9v9h-3M2 5h9v9H2z" />
      </svg>{' '}
      {label}
    </button>
  );
}

/** The clipboard of the browser needs HTTPS or the loopback; elsewhere a selected field is copied. */
async function copyText(text: string): Promise<void> {
  if (isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'hidden-field';
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  if (!isCopied) throw new Error('not copied');
}
