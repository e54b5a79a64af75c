import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { LoadedPlugins, PluginLoader } from '../../core/compile/plugin-loader.ts';
import type { ChannelTypeInfo } from '../../core/compile/registry.ts';
import { schemaOf } from '../../core/schema/json-schema.ts';
import { compileSchema } from '../../core/schema/validators/validator.ts';
import { sha256 } from '../../lib/sha256.ts';
import { type Clock, systemClock } from '../../lib/time/clock.ts';
import { PluginFault } from './describe.ts';
import { Plugin, type PluginLog } from './plugin.ts';

export interface PluginHostDeps {
  readonly log: PluginLog;
  readonly clock: Clock;
}

interface Loaded {
  readonly plugin: Plugin;
  readonly types: readonly ChannelTypeInfo[];
}

/** The worker and `belfry/channel` are files beside this one; the TypeScript sources use those of the built program. */
const PROGRAM = import.meta.url.endsWith('.ts')
  ? new URL('../../../bundle/', import.meta.url)
  : new URL('./', import.meta.url);

/** For commands, which send nothing. */
const FOR_COMMANDS: PluginHostDeps = {
  log: { warn: () => undefined, error: () => undefined },
  clock: systemClock,
};

/** Loads plugins, each in a thread of its own. A file whose content is the same is not loaded again. */
export class PluginHost implements PluginLoader {
  readonly #deps: PluginHostDeps;
  /** By file and content. */
  readonly #loaded = new Map<string, Loaded>();
  #last: ReadonlySet<string> = new Set();

  constructor(deps: PluginHostDeps = FOR_COMMANDS) {
    this.#deps = deps;
  }

  /** `files`: absolute paths. */
  async load(files: readonly string[]): Promise<LoadedPlugins> {
    const types: ChannelTypeInfo[] = [];
    const stamps: string[] = [];
    const faults: { file: string; message: string; mend: string }[] = [];
    for (const file of new Set(files)) {
      try {
        const { stamp, loaded } = await this.#loadOne(file);
        stamps.push(stamp);
        types.push(...loaded.types);
      } catch (error) {
        if (!(error instanceof PluginFault)) throw error;
        faults.push({ file, message: error.message, mend: error.mend });
      }
    }
    this.#last = new Set(stamps);
    return { types, stamp: stamps.join('\n'), faults };
  }

  /** Ends the plugins that neither these rules nor the last loaded ones use, when their channels are closed. */
  use(stamp: string): void {
    const used = new Set([...stamp.split('\n'), ...this.#last]);
    for (const [known, { plugin }] of this.#loaded) {
      if (used.has(known)) continue;
      this.#loaded.delete(known);
      plugin.retire();
    }
  }

  /** Ends all plugins. Their channels must be closed before. */
  close(): void {
    for (const { plugin } of this.#loaded.values()) plugin.retire();
    this.#loaded.clear();
  }

  async #loadOne(file: string): Promise<{ readonly stamp: string; readonly loaded: Loaded }> {
    const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      const message = error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${error.code})`;
      throw new PluginFault(message, 'give the path of a module; a relative path starts from the folder of this file');
    });
    const stamp = `${file} ${sha256(source)}`;
    const known = this.#loaded.get(stamp);
    if (known !== undefined) return { stamp, loaded: known };
    const { log, clock } = this.#deps;
    const own = {
      'belfry/channel': new URL('channel.js', PROGRAM).href,
      'belfry/testing': new URL('testing.js', PROGRAM).href,
    };
    const start = { module: pathToFileURL(file).href, own };
    const plugin = new Plugin({ script: new URL('plugin-worker.js', PROGRAM), start, name: file, log, clock });
    try {
      const types = await plugin.types(file, sha256(stamp));
      for (const type of types) checkSchema(type);
      const loaded = { plugin, types };
      this.#loaded.set(stamp, loaded);
      return { stamp, loaded };
    } catch (error) {
      plugin.retire();
      throw error;
    }
  }
}

function checkSchema({ type, settings }: ChannelTypeInfo): void {
  try {
    compileSchema(schemaOf(settings));
  } catch (error) {
    const message = `\`settings\` of \`${type}\` are no valid JSON Schema: ${(error as Error).message}`;
    throw new PluginFault(message, 'use the helpers of `belfry/channel`, such as `strict` and `Type`');
  }
}
