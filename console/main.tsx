import { render } from 'preact';
import { App } from './app/app.tsx';
import { loadTexts } from './lib/texts.ts';

await loadTexts();
const root = document.getElementById('app')!;
root.replaceChildren();
render(<App />, root);
