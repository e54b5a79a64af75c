import { schemaOf } from '../../../schema/json-schema.ts';
import { joinPointer } from '../../../values/pointer.ts';
import type { Problem } from '../../../problems/failure.ts';
import type { Fragment } from '../../compile.ts';
import type { Registry } from '../../registry.ts';

/** Folder that changes by the work of the daemon or by an edit of its rules. */
interface OwnFolder {
  readonly path: string;
  readonly files: readonly string[];
  readonly what: string;
  /** Effect of watching it. */
  readonly why: string;
}

/** Files of the state directory to which the daemon writes at each event or delivery, as they are called in `app/state`. */
const STATE_FILES: readonly string[] = ['belfry.db-wal', 'belfry.db', 'dead-letters.jsonl'];

/** Warns of sources that watch a folder of the daemon because it is below theirs. A folder that `paths` names itself is watched on purpose. */
export function lintOwnFolders(
  fragments: readonly Fragment[],
  { sources: types }: Pick<Registry, 'sources'>,
  around: readonly Fragment[],
  state: string,
): readonly Problem[] {
  const folders = ownFolders([...around, ...fragments], state);
  return fragments.flatMap(({ file, document, sources }) =>
    sources.flatMap(({ name, type, settings }): readonly Problem[] => {
      const info = types.find((one) => one.type === type);
      const watched = info?.uses?.(settings, name).watched ?? [];
      const found = folders.find(
        ({ path, files }) =>
          !watched.some((base) => isBelow(path, base)) &&
          files.some((one) => info?.takes?.(settings, { file: `${path}/${one}` }) !== undefined),
      );
      if (found === undefined || document === undefined) return [];
      const canIgnore = info !== undefined && Object.hasOwn(schemaOf(info.settings).properties ?? {}, 'ignore');
      return [
        {
          file,
          ...document.locate(joinPointer('/sources', name), 'key'),
          code: 'source.own_folder',
          message: `the source \`${name}\` watches ${found.what}, ${found.path}: ${found.why}`,
          mend: canIgnore ? `add \`${found.path}\` to its \`ignore\`` : 'name fewer files in its `paths`',
        },
      ];
    }),
  );
}

function ownFolders(fragments: readonly Fragment[], state: string): readonly OwnFolder[] {
  const why = 'each event changes files there, which causes the next event';
  const rules = new Map<string, string[]>();
  for (const { file, document } of fragments) {
    const path = document?.absolute?.('.');
    const name = file.slice(file.lastIndexOf('/') + 1);
    if (path !== undefined) rules.set(path, [...(rules.get(path) ?? []), name]);
  }
  return [
    { path: state, files: STATE_FILES, what: 'the state directory', why },
    ...[...rules].map(([path, files]) => ({
      path,
      files,
      what: 'the folder of the rules',
      why: 'each edit of a rule is an event',
    })),
  ];
}

/** Whether a path is the folder or below it. */
const isBelow = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`);
