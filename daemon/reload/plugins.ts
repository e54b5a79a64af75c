import { joinPointer } from '../core/values/pointer.ts';
import { channelTypeNames, type ChannelTypeInfo, type CompileTools } from '../core/compile/registry.ts';
import type { Problem } from '../core/problems/failure.ts';
import type { LoadDeps, LoadedFile } from './load.ts';

/** Code of a problem at an entry of `daemon.plugins`. */
export const PLUGIN_PROBLEM = 'daemon.plugin';

/** Files that were loaded with the types of their plugins, and the tools that have these types. */
export interface WithPlugins<F> {
  readonly files: F;
  readonly tools: CompileTools;
  readonly problems: readonly Problem[];
  /** Files of the plugins. */
  readonly plugins: readonly string[];
}

/**
 * Loads files, then the plugins that they name, and the files again if these have changed: only then all types are known. Rules without
 * plugins are loaded once. `known`: tools with the plugins of the last call.
 */
export async function loadWithPlugins<F extends ReadonlyMap<string, LoadedFile>>(
  deps: LoadDeps,
  known: CompileTools,
  load: (deps: LoadDeps) => Promise<F>,
): Promise<WithPlugins<F>> {
  const files = await load({ ...deps, tools: known });
  const named = [...files.values()].flatMap(pluginsIn);
  const plugins = named.map(({ file }) => file);
  if (deps.plugins === undefined || (named.length === 0 && known.plugins === undefined))
    return { files, tools: known, problems: [], plugins };
  const { types, stamp, faults } = await deps.plugins.load(plugins);
  const problems = [
    ...faults.flatMap(({ file, message, mend }) =>
      named.flatMap((one) => (one.file === file ? [one.problem(message, mend)] : [])),
    ),
    ...takenNames(types, deps.tools, named),
  ];
  if (problems.length > 0 || stamp === (known.plugins ?? '')) return { files, tools: known, problems, plugins };
  const tools = {
    ...deps.tools,
    // Built-in types are added to their list when files are compiled.
    get channels() {
      return [...deps.tools.channels, ...types];
    },
    ...(stamp !== '' && { plugins: stamp }),
  };
  return { files: await load({ ...deps, tools }), tools, problems: [], plugins };
}

interface NamedPlugin {
  readonly file: string;
  problem(message: string, mend: string): Problem;
}

function pluginsIn({ fragment: { daemon, document } }: LoadedFile): NamedPlugin[] {
  if (daemon === undefined || document === undefined) return [];
  return daemon.plugins.map((file, index) => ({
    file,
    problem: (message, mend) => ({
      file: document.file,
      ...document.locate(joinPointer('/daemon/plugins', index), 'value'),
      code: PLUGIN_PROBLEM,
      message: `the plugin cannot be used: ${message}`,
      mend,
    }),
  }));
}

function takenNames(types: readonly ChannelTypeInfo[], tools: CompileTools, named: readonly NamedPlugin[]): Problem[] {
  const names = new Set(channelTypeNames(tools));
  return types.flatMap(({ type, plugin }) => {
    const isTaken = names.has(type);
    names.add(type);
    if (!isTaken) return [];
    const one = named.find(({ file }) => file === plugin?.file) ?? named[0]!;
    return [one.problem(`there is a channel type \`${type}\` already`, 'give the type another name')];
  });
}
