/**
 * Address of a server for `pg`, which reads `sslmode` in its own way and warns of it on standard error, unless it is asked for the
 * meaning of libpq: `require` encrypts without a check of the certificate, `verify-full` checks it and the host.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 */
export function connectionString(url: string): string {
  return /[?&]sslmode=/.test(url) && !/[?&]uselibpqcompat=/.test(url) ? `${url}&uselibpqcompat=true` : url;
}
