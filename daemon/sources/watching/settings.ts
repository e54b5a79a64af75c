import { glob, oneOrMany } from '../../core/schema/fields.ts';
import { instanceName } from '../../core/schema/sections/store.ts';
import { Type } from '../../core/schema/type.ts';
import type { SettingProblem, SourceUses } from '../source.ts';
import { faultOf, type Globs } from './globs.ts';

/** The setting `paths` of sources that watch files. */
export const pathsSetting = (...examples: readonly (string | readonly string[])[]) =>
  oneOrMany(glob(), {
    description:
      'Globs of the files. A path without a wildcard is one file, or all files in a folder. `~` is the home directory.',
    examples,
  });

/** The setting `instance` of sources that watch files, which are on one machine. */
export const instanceSetting = Type.Optional(
  instanceName({
    description:
      'Instance whose files are watched, by the name in its `daemon.instance`; the others do not run this source. If not set, each instance watches its own files.',
    examples: ['berlin-1'],
  }),
);

/** Problems of a list of globs at `pointer`. */
export function checkGlobs(pointer: string, globs: readonly string[], mend: string): readonly SettingProblem[] {
  return globs.flatMap((pattern, index) => {
    const message = faultOf(pattern);
    const at = globs.length === 1 ? pointer : `${pointer}/${index}`;
    return message === undefined ? [] : [{ pointer: at, message, mend }];
  });
}

/** Watched files and folders, for `belfry doctor`. */
export const watchedBy = (globs: Globs): SourceUses => ({
  watched: globs.bases.map((base) => base.path),
  mayContain: (folder) => globs.mayContain(folder),
});
