import { expect, it } from 'vitest';
import type { Store } from '../../../daemon/store/store.ts';
import { NOW, decision, event } from './samples.ts';

/** Tests of the checkpoints. */
export function keepsCheckpoints(store: () => Store): void {
  it('stores checkpoints by scope and deletes those set to null', async () => {
    await store().checkpoints.write('source:a', [
      { key: 'x', value: '1' },
      { key: 'y', value: '2' },
    ]);
    await store().checkpoints.write('source:b', [{ key: 'x', value: '3' }]);
    await store().checkpoints.write('source:a', [
      { key: 'x', value: '4' },
      { key: 'y', value: null },
    ]);
    expect(await store().checkpoints.read('source:a')).toEqual(new Map([['x', '4']]));
    expect(await store().checkpoints.read('source:b')).toEqual(new Map([['x', '3']]));
    expect(await store().checkpoints.get('source:a', 'x')).toBe('4');
    expect(await store().checkpoints.get('source:a', 'y')).toBeUndefined();
  });

  it('returns keys and values of any text unchanged', async () => {
    const marks = ['a\u0000b', 'a\u0000c', '\ud800', '\ud801', '"quoted"', '😀', ''].map((key) => ({
      key,
      value: `${key}!`,
    }));
    await store().checkpoints.write('a\u0000b', marks);
    expect(await store().checkpoints.read('a\u0000b')).toEqual(new Map(marks.map(({ key, value }) => [key, value])));
    expect(await store().checkpoints.read('a')).toEqual(new Map());
  });

  it('commits checkpoints with their event, also with a duplicate', async () => {
    const chosen = event({ id: 'line-1' });
    const post = (value: string) =>
      store().transact(
        {
          arrivals: [
            { event: chosen, mayRepeat: true, checkpoints: [{ scope: 's', entries: [{ key: 'offset', value }] }] },
          ],
          now: NOW,
        },
        () => decision(),
      );
    await post('10');
    expect(await store().checkpoints.read('s')).toEqual(new Map([['offset', '10']]));
    await post('20');
    expect(await store().checkpoints.read('s')).toEqual(new Map([['offset', '20']]));
  });

  it('leaves checkpoints unchanged when the event was refused', async () => {
    const checkpoints = [{ scope: 's', entries: [{ key: 'offset', value: '10' }] }];
    const refused = store().transact(
      { arrivals: [{ event: event(), mayRepeat: false, checkpoints }], now: NOW },
      () => {
        throw new Error('refused');
      },
    );
    await expect(refused).rejects.toThrow('refused');
    expect(await store().checkpoints.read('s')).toEqual(new Map());
  });
}
