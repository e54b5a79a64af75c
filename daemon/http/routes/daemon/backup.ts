import { type Route, sendBytes } from '../route.ts';

export const backupRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/backup',
    scope: 'admin',
    audit: 'state.backup',
    summary: 'A backup of the state directory, with its keys; `belfry restore` reads it.',
    answers: {
      200: 'A tar archive; without its last member `manifest.json` it is torn',
      409: 'Another backup is under way',
    },
    async handle({ response, disconnect, audit }, { daemon }) {
      await audit.done();
      await sendBytes(response, 'application/x-tar', daemon.backup(), disconnect.signal);
    },
  },
];
