import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { Template } from '../../../core/ruleset.ts';
import type { Static, TSchema } from '../../../core/schema/type.ts';
import {
  type ChannelEndpoint,
  type ChannelGuide,
  type ChannelTools,
  type ChannelType,
  defineChannel,
  supports,
} from '../../channel.ts';
import { type Connection, type Opening, openBroker } from './connection.ts';
import { checkName, type NameForm } from './content.ts';
import { checkServer, type ServerForm, type ServerSettings, usesServer } from './server.ts';

/** A type that publishes each message as JSON to a broker, over one connection. */
export interface BrokerChannel<S extends TSchema> extends ChannelGuide {
  readonly type: string;
  readonly summary: string;
  readonly documentation: string;
  readonly settings: S;
  /** Form of the setting `url`. */
  readonly server: ServerForm;
  /** Effect of a repeated message, if readers cannot only drop it by its `id`. */
  readonly repeats?: string;
  /** Templates of the names by which the broker routes, with their forms. */
  names(settings: Static<S>): readonly (readonly [Template | undefined, NameForm])[];
  /** Further problems of settings whose server and names are valid. */
  check?(settings: Static<S>): readonly SettingProblem[];
  /** Parts of the endpoint that differ from those of the `url`, for `belfry doctor`. */
  endpoint?(settings: Static<S>): Partial<ChannelEndpoint>;
  /** Opens a connection, with its login. */
  connect(settings: Static<S>, opening: Opening, tools: ChannelTools): Promise<Connection>;
}

const REPEATS = 'A repeated message has the same `id`, by which readers can drop it.';

/** Makes a channel type of a broker. Its readers are programs and each attempt has the same `id`, so an unknown outcome is retried. */
export function defineBrokerChannel<S extends TSchema>(broker: BrokerChannel<S>): ChannelType {
  const { type, summary, documentation, setup, example, receipt, settings, server, repeats = REPEATS } = broker;
  return defineChannel<S>({
    type,
    summary,
    documentation,
    ...(setup !== undefined && { setup }),
    ...(example !== undefined && { example }),
    ...(receipt !== undefined && { receipt }),
    settings,
    limits: {},
    supports: supports({ kept: 'markdown html priority tags link fields' }),
    repeats,
    idempotent: true,
    check(given) {
      const names = broker.names(given).flatMap(([name, form]) => checkName(name, form));
      const problems = [...checkServer(given as ServerSettings, server), ...names];
      return problems.length > 0 ? problems : (broker.check?.(given) ?? []);
    },
    uses: (given) => usesServer(given as ServerSettings, server, broker.endpoint?.(given)),
    open: (given, tools) => openBroker(type, tools, (opening) => broker.connect(given, opening, tools)),
  });
}
