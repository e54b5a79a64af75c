/** How notifications look, whatever they say. */
export interface DesktopLook {
  /** Absolute path of a PNG. */
  readonly icon: string;
  readonly appName: string;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly sound?: string;
}
