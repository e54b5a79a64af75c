import type { Audit } from '../../store.ts';
export function audit(_a: unknown, _b: string, _c: ReadonlySet<string>): Promise<Audit> {
  return Promise.reject(new Error('later'));
}
