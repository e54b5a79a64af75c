import { computed, signal } from '@preact/signals';
import type { Texts } from '../texts/en.ts';
import { language } from './settings.ts';

const LOADERS = {
  en: async () => (await import('../texts/en.ts')).en,
  zh: async () => (await import('../texts/zh.ts')).zh,
} as const satisfies Record<typeof language.value, () => Promise<Texts>>;

const loaded = signal<Texts | undefined>(undefined);

/** All texts in the language of the reader. Names of states and outcomes are not translated. */
export const texts = computed<Texts>(() => {
  if (loaded.value === undefined) throw new Error('texts were read before they were loaded');
  return loaded.value;
});

/** Loads the texts of the language, now and whenever it is switched. Resolves when the first ones are there. */
export async function loadTexts(): Promise<void> {
  const load = async (name: typeof language.value): Promise<void> => {
    const found = await LOADERS[name]();
    if (language.value !== name) return;
    loaded.value = found;
    document.documentElement.lang = name === 'zh' ? 'zh-CN' : 'en';
  };
  await load(language.value);
  language.subscribe((name) => void load(name));
}
