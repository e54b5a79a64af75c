import { mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Home } from '../support/daemon.ts';
import { missingPackages, openDesktop } from '../support/desktop.ts';

const missing = missingPackages();
const needs = missing.length > 0 ? ` (skipped: install the Debian packages ${missing.join(' ')})` : '';

test.skipIf(missing.length > 0)(`a file saved in vim's way becomes one desktop notification${needs}`, async () => {
  const desktop = await openDesktop();
  const home = await Home.make();
  try {
    Object.assign(home.env, desktop.env);
    await mkdir(home.path('notes'));
    await writeFile(home.path('notes', 'todo.txt'), 'buy milk');
    await home.rules(`
sources:
  notes: { type: files, paths: ["${home.path('notes')}/*.txt"], settle: 100ms, content: 1KiB }
channels:
  screen: { type: desktop }
rules:
  - name: saved
    on: notes
    message: { title: "{{ data.name }} {{ type }}", body: "{{ data.content }}" }
    notify: [screen]
`);
    await home.start();
    // vim with `set backup`: a probe file, the original becomes the backup, the new text is written under the old name.
    await writeFile(home.path('notes', '4913'), '');
    await unlink(home.path('notes', '4913'));
    await rename(home.path('notes', 'todo.txt'), home.path('notes', 'todo.txt~'));
    await writeFile(home.path('notes', 'todo.txt'), 'buy milk & <b>bread</b>');
    await unlink(home.path('notes', 'todo.txt~'));
    await home.logged((line) => line.msg === 'screen: delivered');
    await writeFile(home.path('notes', 'last.txt'), 'end');
    await home.logged(
      (line) =>
        line.msg === 'screen: delivered' && line !== home.lines.find((first) => first.msg === 'screen: delivered'),
    );
    const shown = await desktop.shown();
    expect(shown.map(({ title }) => title)).toEqual(['todo.txt file.changed', 'last.txt file.created']);
    expect(shown[0]!.body).toContain('bread');
  } finally {
    await home.close();
    await desktop.close();
  }
});
