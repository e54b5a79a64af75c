import { effect, signal } from '@preact/signals';

/** A choice of the reader that stays in this browser. */
function stored<T extends string>(name: string, values: readonly T[], fallback: T) {
  const saved = localStorage.getItem(`belfry.${name}`) as T | null;
  const value = signal<T>(saved !== null && values.includes(saved) ? saved : fallback);
  effect(() => localStorage.setItem(`belfry.${name}`, value.value));
  return value;
}

export const LANGUAGES = ['en', 'zh'] as const;
export const THEMES = ['auto', 'light', 'dark'] as const;

const browserLanguage = navigator.languages.some((name) => name.toLowerCase().startsWith('zh')) ? 'zh' : 'en';

/** Language of the console; that of the browser until it is switched. */
export const language = stored(
  'language',
  LANGUAGES,
  navigator.language.toLowerCase().startsWith('en') ? 'en' : browserLanguage,
);

/** `off`: no key alone does anything but `?`, for people who speak to their computer. */
export const singleKeys = stored('keys', ['on', 'off'], 'on');

/** `auto` follows the system. */
export const theme = stored('theme', THEMES, 'auto');

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
