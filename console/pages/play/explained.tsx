import type { VNode } from 'preact';
import type { ExplainedRule, ExplainedSend } from '../../../daemon/core/explain/explain.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';
import { Conditions } from '../../parts/conditions.tsx';
import { Code, Facts } from '../../ui/facts.tsx';

/** Rules that match the event, then the others, whose conditions open on request. */
export function Explained({ rules }: { rules: readonly ExplainedRule[] }): VNode {
  const { events } = texts.value;
  const matching = rules.filter(({ outcome }) => outcome !== 'no_match');
  const others = rules.filter(({ outcome }) => outcome === 'no_match');
  return (
    <>
      {matching.map((rule) => (
        <RuleResult key={rule.rule} of={rule} isOpen={false} />
      ))}
      {others.length > 0 && (
        <details class="far" open={matching.length === 0}>
          <summary>{events.others(others.length)}</summary>
          {others.map((rule) => (
            <RuleResult key={rule.rule} of={rule} isOpen={others.length === 1} />
          ))}
        </details>
      )}
    </>
  );
}

function RuleResult({ of, isOpen }: { of: ExplainedRule; isOpen: boolean }): VNode {
  const { events } = texts.value;
  const { rule, outcome, key, reason, errors = [], conditions, sends } = of;
  return (
    <section class="card" aria-label={rule}>
      <header class="card-head">
        <Chip state={outcome} />
        <h3>{rule}</h3>
        {key !== undefined && <span class="soft card-key">{key}</span>}
      </header>
      {reason !== undefined && <p class="card-reason">{reason}</p>}
      {errors.map((error) => (
        <p key={error} class="card-error" role="alert">
          {error}
        </p>
      ))}
      {sends.length > 0 && (
        <div class="sends">
          {sends.map((send, index) => (
            <Sent key={`${index} ${send.channel}`} of={send} />
          ))}
        </div>
      )}
      {conditions.length > 0 && (
        <details class="card-more" open={isOpen}>
          <summary>{events.conditions}</summary>
          <Conditions of={conditions} />
        </details>
      )}
    </section>
  );
}

/** Values of parts that say nothing. */
const USUAL: readonly unknown[] = ['', 'text', 'normal', '[]', '{}'];

/** A message with all its parts, as the channel gets it. */
function Sent({ of: { channel, message, reason, preview } }: { of: ExplainedSend }): VNode {
  const { play } = texts.value;
  const { title, body, ...parts } = message;
  const shown = Object.entries(parts).map(([name, value]) => [name, textOf(value)] as const);
  return (
    <div class="message">
      <p class="message-channel">
        <Chip state={channel} tone="accent" />
        {reason !== undefined && <span class="soft">{reason}</span>}
      </p>
      <p class="message-title">{title}</p>
      {body !== '' && <p class="message-body">{body}</p>}
      <Facts of={shown.filter(([, text]) => !USUAL.includes(text))} />
      {preview !== undefined &&
        ('error' in preview ? (
          <p class="card-error">{preview.error}</p>
        ) : (
          <details class="card-more">
            <summary>{play.preview(preview.content_type)}</summary>
            <Code text={bodyText(preview.body)} label={play.preview(channel)} />
          </details>
        ))}
    </div>
  );
}

/** JSON with indentation; other bodies as they are. */
function bodyText(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
