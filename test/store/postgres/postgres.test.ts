import { describePostgres } from '../../support/postgres-server.ts';
import { describeStore } from '../contract/contract.ts';
import { openInstance, prepareSchema } from './support.ts';

describePostgres('on a real server', () => {
  describeStore('the store on PostgreSQL', async () => openInstance(await prepareSchema(), 'a'));
});
