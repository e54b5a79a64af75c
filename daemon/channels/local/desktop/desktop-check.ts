import type { ChannelCheck } from '../../channel.ts';

/** Settings that the checks read. */
export interface DesktopSettings {
  readonly icon?: string;
}

/** Check of a desktop channel on some operating systems. */
export interface DesktopCheck extends ChannelCheck<DesktopSettings> {
  /** Systems on which it applies; if not set, Linux and the BSDs. */
  readonly platform?: 'darwin' | 'win32' | 'any';
}
