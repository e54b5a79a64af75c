import { expect, test } from 'vitest';
import { RunControl } from '../../../daemon/lib/async/run-control.ts';

/** Whether the promise has settled by now. */
const isSettled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

test('a paused run waits until it is resumed, and its waits are interrupted', async () => {
  const control = new RunControl();
  const { interrupted } = control;
  expect(await control.proceed()).toBe(true);
  control.pause();
  expect([control.isPaused, interrupted.aborted, control.cancelled.aborted]).toEqual([true, true, false]);
  const next = control.proceed();
  expect(await isSettled(next)).toBe(false);
  control.resume();
  expect(await next).toBe(true);
  expect([control.isPaused, control.interrupted.aborted]).toEqual([false, false]);
});

test('a cancel ends a paused run, which cannot be resumed', async () => {
  const control = new RunControl();
  control.pause();
  const next = control.proceed();
  control.cancel();
  expect(await next).toBe(false);
  control.resume();
  control.pause();
  expect([await control.proceed(), control.isPaused, control.interrupted.aborted]).toEqual([false, false, true]);
});

test('a run ends with the signal of its owner, also if that has aborted before', async () => {
  const owner = new AbortController();
  const control = RunControl.until(owner.signal);
  expect(await control.proceed()).toBe(true);
  owner.abort();
  expect(await control.proceed()).toBe(false);
  expect(await RunControl.until(owner.signal).proceed()).toBe(false);
});
