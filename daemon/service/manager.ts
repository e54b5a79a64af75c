import type { Step } from './plan.ts';

/** State of the service as `service status --json` prints it. */
export interface ServiceStatus {
  readonly installed: boolean;
  /** Starts with the machine, or with the login of its user. */
  readonly enabled: boolean;
  readonly active: boolean;
  /** Path of the unit or property list. This and the fields below are null if the service is not installed. */
  readonly unit: string | null;
  readonly user: string | null;
  /** Path of the rules. */
  readonly config: string | null;
  /** State directory, unless the rules set another one. */
  readonly state: string | null;
}

export const NOT_INSTALLED: ServiceStatus = {
  installed: false,
  enabled: false,
  active: false,
  unit: null,
  user: null,
  config: null,
  state: null,
};

export interface InstallRequest {
  /** Path of Node, and that of the program. */
  readonly command: readonly string[];
  /** Absolute path of the rules; the default place of the service if undefined. */
  readonly config: string | undefined;
  /** User of a system service; the default one if undefined. */
  readonly account: string | undefined;
  /** Group that may use the socket of a system service, if it is not that of its user. */
  readonly socketGroup: string | undefined;
}

/** Parts of the program that the steps call. */
export interface InstallTools {
  /** Writes the starter rules into a new directory. */
  readonly writeStarter: (folder: string) => Promise<void>;
  /** Resolves to the reason why the daemon on these rules is not ready; undefined if it is. */
  readonly notReady: (config: string) => Promise<string | undefined>;
  /** Called with the reason why nothing can be installed here, for a dry run; otherwise the plan is rejected with it. */
  readonly onObstacle?: (reason: string) => void;
}

/** Service manager of an operating system: for the whole machine, or for one user. */
export interface ServiceManager {
  /** Text of the unit or property list. */
  print(request: InstallRequest): Promise<string>;
  install(request: InstallRequest, tools: InstallTools): Promise<readonly Step[]>;
  /** Undefined if nothing is installed, and with `purge` nothing is left. */
  uninstall(purge: boolean): Promise<readonly Step[] | undefined>;
  status(): Promise<ServiceStatus>;
  /** Sentences for the end of an installation: what to do next. */
  next(config: string): readonly string[];
}
