import type { ChannelCheck, ChannelEndpoint, ChannelUses } from '../channels/channel.ts';
import type { DoctorCheckInfo, DoctorResult } from '../core/problems/doctor.ts';
import type { LeveledProblem } from '../core/problems/failure.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { StatusView } from '../http/daemon-api.ts';
import type { Machine } from '../lib/machine/machine.ts';
import type { SourceUses } from '../sources/source.ts';
import type { ExaminedDatabase } from '../store/database-facts.ts';
import type { Reach } from './network/reach.ts';

/** Parts of an installation, in the order of docs/doctor.md. */
export const GROUPS = [
  'rules',
  'secrets',
  'state',
  'postgres',
  'machine',
  'network',
  'exposure',
  'daemon',
  'service',
] as const;

/**
 * One check of `belfry doctor`. `run` sends no message and leaves no change. It returns nothing if the check does not apply here. An
 * error becomes a finding of this check.
 */
export interface DoctorCheck extends DoctorCheckInfo {
  readonly group: (typeof GROUPS)[number];
  /** `caller`: it examines the user of the command, so the command runs it. Any other check runs in the daemon, or in the command when no daemon runs. */
  readonly where?: 'caller';
  run(examined: Examined, machine: Machine): Promise<readonly DoctorResult[]> | readonly DoctorResult[];
}

/** Secret in the rules: a reference, or a value that is written there. */
export interface ExaminedSecret {
  /** Rules file that contains it. */
  readonly file: string;
  /** `${env:NAME}`, or the name of the setting. */
  readonly name: string;
  /** True for the value of an environment variable. */
  readonly isVariable: boolean;
  /** Undefined when it cannot be resolved, which `rules.load` reports. */
  readonly value?: string;
  /** File that was read for it. */
  readonly secretFile?: string;
}

export interface ExaminedChannel {
  readonly name: string;
  readonly type: string;
  readonly settings: unknown;
  readonly uses: ChannelUses;
  readonly checks: readonly ChannelCheck[];
}

export interface ExaminedSource {
  readonly name: string;
  readonly type: string;
  readonly uses: SourceUses;
}

/** Record or process of a daemon on this machine. */
export interface FoundDaemon {
  readonly pid: number;
  readonly config: string;
  /** Path of its socket, if a record names it. */
  readonly socket?: string;
  /** Place that names it: the file of a record, or a process. */
  readonly from: string;
}

/** Facts that only a running daemon knows. */
export interface RunningFacts {
  readonly status: StatusView;
  /** The rules on disk are the live ones. */
  readonly isApplied: boolean;
  /** Rules that the history names, and the time since which it is complete (milliseconds). */
  readonly history: { readonly matched: ReadonlySet<string>; readonly since: number };
  /** Time of the last backup that was made while the daemon ran, milliseconds. */
  readonly lastBackup?: number;
  /** Answers of a person to test messages, by channel. */
  readonly seen: ReadonlyMap<string, SeenAnswer>;
}

/** Answer of a person to the question whether a test message was seen. */
export interface SeenAnswer {
  readonly seen: boolean;
  /** RFC 3339. */
  readonly at: string;
}

/** Facts of the command line about the daemon. */
export interface CallerFacts {
  readonly version: string;
  readonly daemon: StatusView | { readonly unreachable: string };
}

/** Everything that the checks examine. */
export interface Examined {
  /** Rules directory or file. */
  readonly config: string;
  readonly files: readonly string[];
  readonly problems: readonly LeveledProblem[];
  readonly secrets: readonly ExaminedSecret[];
  /** The live ruleset, or the one on disk when no daemon runs; undefined when it does not load. */
  readonly ruleset?: Ruleset;
  readonly channels: readonly ExaminedChannel[];
  readonly sources: readonly ExaminedSource[];
  /** Paths of the state directory, the inbox and the socket. */
  readonly state: { readonly state: string; readonly inbox: string; readonly socket: string };
  /** The reason why the state directory cannot be used. */
  readonly stateFault?: string;
  /** Damage of the store that was found before. */
  readonly storeFault?: string;
  readonly inboxFaults: readonly string[];
  /** Variables of the environment that Belfry refuses, and those that have no effect. */
  readonly environment: { readonly refused: readonly string[]; readonly warned: readonly string[] };
  readonly daemons: readonly FoundDaemon[];
  /** Folders in which commands search for the record of a daemon. */
  readonly runtimeFolders: readonly string[];
  /** Connects to an endpoint, once for all checks. */
  readonly reach: (endpoint: ChannelEndpoint) => Promise<Reach>;
  /** Examines the PostgreSQL server of the store, once for all checks; undefined for a store on this machine. */
  readonly database?: () => Promise<ExaminedDatabase>;
  readonly running?: RunningFacts;
  readonly caller?: CallerFacts;
}
