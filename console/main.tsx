import { render } from 'preact';
import { App } from './app/app.tsx';
import { loadTexts } from './lib/texts.ts';

const root = document.getElementById('app')!;
try {
  await loadTexts();
  root.replaceChildren();
  render(<App />, root);
} catch (error) {
  // Files of an older build are gone after an update of the daemon.
  root.textContent = `A file of this page could not be loaded. Load the page anew. (${String(error)})`;
}
