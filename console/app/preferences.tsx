import type { VNode } from 'preact';
import { identity, logOut } from '../api/session.ts';
import { status } from '../api/status.ts';
import { LANGUAGES, language, THEMES, theme } from '../lib/settings.ts';
import { href } from '../lib/router.ts';
import { texts } from '../lib/texts.ts';

/** Choices of the reader, and who the token belongs to. */
export function Preferences({ onHelp }: { onHelp: () => void }): VNode {
  const { common, wall } = texts.value;
  const owner = identity.value;
  return (
    <div class="preferences">
      <p>
        <button type="button" class="plain" onClick={onHelp}>
          {common.shortcuts} <kbd>?</kbd>
        </button>
        <a href={href(['wall'])}>{wall.title}</a>
      </p>
      <label>
        {common.theme}
        <select
          value={theme.value}
          onChange={({ currentTarget }) => (theme.value = THEMES[currentTarget.selectedIndex]!)}
        >
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {common.themes[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {common.language}
        <select
          value={language.value}
          onChange={({ currentTarget }) => (language.value = LANGUAGES[currentTarget.selectedIndex]!)}
        >
          <option value="en">English</option>
          <option value="zh">中文</option>
        </select>
      </label>
      {owner !== undefined && (
        <p class="owner" title={owner.scopes.join(', ')}>
          {owner.name} · {owner.scopes.join(', ')}
          <button type="button" class="plain" onClick={() => logOut()}>
            {common.logOut}
          </button>
        </p>
      )}
      {status.value !== undefined && (
        <p class="version">
          belfry {status.value.version} ·{' '}
          <a href={href(['rules'], { generation: 'last' })}>{common.generation(status.value.generation)}</a>
        </p>
      )}
    </div>
  );
}
