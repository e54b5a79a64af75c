/** Value of `Authorization` for a user and a password. https://www.rfc-editor.org/rfc/rfc7617#section-2 */
export const basicCredentials = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
