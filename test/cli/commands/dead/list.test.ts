import { expect, test } from 'vitest';
import { belfry } from '../../../support/command-line.ts';
import { sampleDeadLetter } from '../../../support/delivery.ts';
import { openTestListener } from '../../../support/listener.ts';

test('a channel or rule that no dead letter has suggests a similar one', async () => {
  const to = await openTestListener();
  to.daemon.letters = [{ ...sampleDeadLetter('d-1'), channel: 'pager', rule: 'failed-deploy' }];
  expect(await belfry(to, ['dead', 'list', '--channel', 'pagr', '--json'])).toMatchObject({
    code: 3,
    stdout: '',
    stderr: 'belfry: no dead letter has the channel `pagr`; did you mean `pager`?\n',
  });
  const { stdout, stderr } = await belfry(to, ['dead', 'list', '--rule', 'faild-deploy', '--channel', 'mail']);
  expect([stdout, stderr]).toEqual([
    'no dead letters\n',
    'belfry: no dead letter has the rule `faild-deploy`; did you mean `failed-deploy`?\n',
  ]);
  expect((await belfry(to, ['dead', 'list', '--channel', 'pager'])).stderr).toBe('');
});
