/** Value of a property list (plist(5)). Numbers are integers. */
export type PlistValue = string | number | boolean | readonly PlistValue[] | { readonly [key: string]: PlistValue };

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
`;

/** Text of a property list in XML. */
export function plistText(value: PlistValue): string {
  return `${HEAD}<plist version="1.0">\n${element(value, '')}</plist>\n`;
}

function element(value: PlistValue, indent: string): string {
  if (typeof value === 'string') return `${indent}<string>${escaped(value)}</string>\n`;
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>\n`;
  if (typeof value === 'boolean') return `${indent}<${value}/>\n`;
  const deeper = `${indent}  `;
  if (isList(value))
    return `${indent}<array>\n${value.map((item) => element(item, deeper)).join('')}${indent}</array>\n`;
  const entries = Object.entries(value).map(
    ([key, item]) => `${deeper}<key>${escaped(key)}</key>\n${element(item, deeper)}`,
  );
  return `${indent}<dict>\n${entries.join('')}${indent}</dict>\n`;
}

const isList = (value: PlistValue): value is readonly PlistValue[] => Array.isArray(value);

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
