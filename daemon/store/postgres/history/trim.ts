export function trim(_a: unknown, _b: string, _c: object): Promise<{ deleted: number; bytes: number }> {
  return Promise.reject(new Error('later'));
}
