import { freePort, programPath, startProgram } from './program-server.ts';

const program = programPath('prometheus-alertmanager');

/** Whether Debian's package `prometheus-alertmanager` is installed. */
export const hasAlertmanager = program !== undefined;

/** Starts a real Alertmanager on the loopback, and resolves when it listens. */
export async function openAlertmanager(config: string): Promise<{ readonly origin: string; stop(): Promise<void> }> {
  const port = await freePort();
  const server = await startProgram({
    program: program!,
    port,
    files: { 'config.yml': config },
    args: (folder) => [
      `--config.file=${folder}/config.yml`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
  });
  return { origin: `http://127.0.0.1:${port}`, stop: () => server.stop() };
}
