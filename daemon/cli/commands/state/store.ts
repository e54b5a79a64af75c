import type { Verb } from '../../context.ts';
import { declareMigrate } from './store-migrate.ts';

export const verb: Verb = (program, context) => {
  const store = program.command('store').description('prepare or upgrade the PostgreSQL database of `daemon.store`');
  declareMigrate(store, context);
};
