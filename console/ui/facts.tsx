import type { ComponentChildren, VNode } from 'preact';

/** Names with their values. Pairs without a value are left out. */
export function Facts({ of }: { of: readonly (readonly [string, ComponentChildren])[] }): VNode {
  const shown = of.filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false);
  return (
    <dl class="facts">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Text as it is: payloads, messages, source text. */
export function Code({ text, label }: { text: string; label?: string }): VNode {
  return (
    <pre class="code" tabIndex={0} aria-label={label}>
      {text}
    </pre>
  );
}

export function Json({ value, label }: { value: unknown; label?: string }): VNode {
  return <Code text={JSON.stringify(value, null, 2)} {...(label !== undefined && { label })} />;
}
