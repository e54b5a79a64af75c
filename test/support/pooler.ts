import type { PostgresServer } from './postgres-server.ts';
import { freePort, programPath, startProgram } from './program-server.ts';

/** Reason for a skip where PgBouncer is not installed. */
export const NEEDS_POOLER = 'needs the Debian package pgbouncer';

export const hasPooler = (): boolean => programPath('pgbouncer') !== undefined;

export interface Pooler {
  /** Address of the database `postgres` by the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a PgBouncer before a server. With the mode `transaction` its clients share the connections of the server. */
export async function startPooler(server: PostgresServer, mode: 'transaction' | 'session'): Promise<Pooler> {
  const port = await freePort();
  const settings = (folder: string): string => `[databases]
postgres = host=127.0.0.1 port=${server.port} dbname=postgres user=belfry
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${folder}/users.txt
pool_mode = ${mode}
`;
  // It does not run as root.
  const user = process.geteuid?.() === 0 ? '--reuid=postgres --regid=postgres --clear-groups' : '';
  const started = await startProgram({
    program: '/bin/sh',
    args: (folder) => [
      '-c',
      `chmod 755 ${folder} && exec setpriv ${user} --pdeathsig=KILL -- ${programPath('pgbouncer')!} ${folder}/pgbouncer.ini`,
    ],
    files: (folder) => ({ 'pgbouncer.ini': settings(folder), 'users.txt': '"belfry" ""\n' }),
    port,
  });
  return { url: `postgres://belfry@127.0.0.1:${port}/postgres`, stop: () => started.stop() };
}
