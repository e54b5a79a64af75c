import { type Listener, type ListenerOptions, openListener } from '../../http/listener/server.ts';
import { openFileLimit } from '../../lib/files/open-files.ts';
import type { Terminal } from '../../lib/terminal.ts';
import { publishRecord } from '../state/daemon-record.ts';
import type { OpenState } from '../state/open-state.ts';
import { linkSocket, openFolderTo, socketPlaces } from '../state/socket-place.ts';

export type ListeningOptions = Omit<ListenerOptions, 'listen' | 'socket' | 'otherSocket' | 'socketGroup' | 'openFiles'>;

const LISTENER_CLOSE_MS = 1000;

/** Opens the listener where commands and operators find it: its socket, the link to it in the state directory, and the record. */
export async function startListening(
  state: OpenState,
  { env, pid }: Pick<Terminal, 'env' | 'pid'>,
  options: ListeningOptions,
): Promise<Listener> {
  const { closers, live, prepared, paths, log, socketGroup } = state;
  const { daemon } = prepared.ruleset;
  const places = await socketPlaces(daemon, live.root, { paths, env, log });
  if (socketGroup !== undefined) await openFolderTo(socketGroup, places.socket, { env, log });
  const group = socketGroup !== undefined && { socketGroup };
  const openFiles = await openFileLimit();
  const listener = await openListener({ ...options, ...places, ...group, openFiles, listen: daemon.listen });
  closers.own('listener', () => listener.close(LISTENER_CLOSE_MS));
  closers.own('link to the socket', await linkSocket({ paths, env, log }, listener.socket));
  const { socket, address: listen } = listener;
  const record = { pid, config: live.root, state: paths.state, socket, listen };
  closers.own('belfry.json', await publishRecord({ record, paths, env, log }));
  return listener;
}
