import type { ChannelTypeInfo } from './registry.ts';

/** Loads the modules of `daemon.plugins`; implemented by `channels/plugins/`. */
export interface PluginLoader {
  /** `files`: absolute paths. */
  load(files: readonly string[]): Promise<LoadedPlugins>;
  /** Ends the plugins that neither these rules nor the last loaded ones use. */
  use(stamp: string): void;
}

export interface LoadedPlugins {
  readonly types: readonly ChannelTypeInfo[];
  /** Differs for each set of files and each content of them. */
  readonly stamp: string;
  readonly faults: readonly { readonly file: string; readonly message: string; readonly mend: string }[];
}
