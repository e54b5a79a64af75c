/** Mail server that Apprise uses for the addresses of a provider. */
export interface MailServer {
  readonly domain: RegExp;
  readonly host: string;
  readonly port: 465 | 587;
  /** The login is the part of the address before the `@`. */
  readonly loginIsName?: boolean;
}

/** https://github.com/caronc/apprise/wiki/Notify_email */
export const MAIL_SERVERS: readonly MailServer[] = [
  { domain: /^gmail\.com$/, host: 'smtp.gmail.com', port: 587 },
  { domain: /^yandex\.(?:com|ru|ua|by|kz|uz|tr|fr)$/, host: 'smtp.yandex.ru', port: 465, loginIsName: true },
  { domain: /^(?:hotmail|live)\.com(?:\.au)?$/, host: 'smtp-mail.outlook.com', port: 587 },
  { domain: /^(?:smtp\.)?outlook\.com(?:\.au)?$/, host: 'smtp.outlook.com', port: 587 },
  { domain: /^(?:smtp\.)?office365\.com$/, host: 'smtp.office365.com', port: 587 },
  { domain: /^yahoo\.(?:ca|com)$/, host: 'smtp.mail.yahoo.com', port: 465 },
  { domain: /^fastmail\.(?:com|cn|co\.uk|com\.au|[a-z]{2,3})$/, host: 'smtp.fastmail.com', port: 465 },
  { domain: /^zoho(?:mail)?\.com$/, host: 'smtp.zoho.com', port: 587 },
  { domain: /^(?:\.smtp)?sendgrid\.(?:com|net)$/, host: 'smtp.sendgrid.net', port: 465, loginIsName: true },
  { domain: /^163\.com$/, host: 'smtp.163.com', port: 465 },
  { domain: /^(?:foxmail|qq)\.com$/, host: 'smtp.qq.com', port: 587 },
];
