import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { readAttachments } from '../../../../daemon/channels/kit/mail/attachments.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

let home: string;
let reports: string;

beforeEach(async () => {
  home = await temporaryFolder();
  reports = path.join(home, 'reports');
  await mkdir(path.join(reports, 'today'), { recursive: true });
  await writeFile(path.join(reports, 'today', 'a.txt'), 'all is well');
  await writeFile(path.join(home, 'secret.txt'), 'secret');
});

const outside = (file: string): string => `Not attached: ${file} (it is not below a folder of \`daemon.attach_from\`)`;

test('a file below a folder is attached, also through a link to the folder', async () => {
  const alias = path.join(home, 'alias');
  await symlink(reports, alias);
  for (const folder of [reports, alias, `${home}/`]) {
    const { files, left } = await readAttachments(
      [path.join(folder, folder === `${home}/` ? 'reports' : '', 'today/a.txt')],
      [folder],
    );
    expect(left).toEqual([]);
    expect(files.map(({ filename, content }) => [filename, content.toString()])).toEqual([['a.txt', 'all is well']]);
  }
});

test('without a folder no file is attached', async () => {
  const file = path.join(reports, 'today/a.txt');
  expect(await readAttachments([file], [])).toEqual({ files: [], left: [outside(file)] });
});

test('no path and no link leads out of the folders, and nothing says whether a file outside exists', async () => {
  await symlink(path.join(home, 'secret.txt'), path.join(reports, 'linked.txt'));
  await symlink(home, path.join(reports, 'up'));
  const ways = [
    path.join(home, 'secret.txt'),
    path.join(home, 'absent.txt'),
    `${reports}/../secret.txt`,
    `${reports}-of-others/a.txt`,
    path.join(reports, 'linked.txt'),
    path.join(reports, 'up', 'secret.txt'),
    reports,
  ];
  expect(await readAttachments(ways, [reports])).toEqual({ files: [], left: ways.map(outside) });
});

test('files have a limit together, and those that fit are attached', async () => {
  await writeFile(path.join(reports, 'large.txt'), 'x'.repeat(20));
  await link(path.join(reports, 'today/a.txt'), path.join(reports, 'b.txt'));
  const wanted = ['today/a.txt', 'large.txt', 'b.txt'].map((name) => path.join(reports, name));
  const { files, left } = await readAttachments(wanted, [reports], 22);
  expect(files.map(({ filename }) => filename)).toEqual(['a.txt', 'b.txt']);
  expect(left).toEqual([`Not attached: ${wanted[1]} (it is too large)`]);
});
