import type { ChannelTypeInfo } from '../../compile/registry.ts';

/** Sentences on the limits, repeats and receipt of a type, for its page and for `belfry channel types`. */
export function facts({ limits, idempotent, repeats, receipt }: ChannelTypeInfo): string[] {
  const { rate, text, concurrency, timeout } = limits;
  const defaults = Object.entries({ rate, concurrency, timeout }).flatMap(([name, value]) =>
    value === undefined ? [] : [`\`${name}: ${value}\``],
  );
  return [
    ...(text === undefined ? [] : [`Limit of the text: ${text}. Longer text is cut with a mark.`]),
    ...(defaults.length === 0 ? [] : [`Defaults of \`delivery\`: ${defaults.join(', ')}.`]),
    repeats ??
      (idempotent
        ? 'The receiver drops a repeated message, so a retry is harmless.'
        : 'A repeated message is shown again.'),
    receipt === undefined ? 'Receipt: only that the provider has accepted the message.' : `Receipt: ${receipt}.`,
  ];
}
