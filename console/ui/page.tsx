import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Frame of a page: its heading, its actions, its content. The heading gets the focus, so that a screen reader reads the new page. */
export function Page(props: {
  title: ComponentChildren;
  /** Title of the browser tab, where `title` is more than text. */
  name?: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}): VNode {
  const { title, actions, children } = props;
  const name = props.name ?? (typeof title === 'string' ? title : '');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = name === '' ? 'Belfry' : `${name} · Belfry`;
  }, [name]);
  useEffect(() => {
    const focused = document.activeElement;
    // A link of the navigation that was followed has no use any more; what the reader does in the page is not interrupted.
    if (focused === null || focused === document.body || focused.closest('nav') !== null)
      heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <header class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions !== undefined && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

/** Part of a page with a heading. */
export function Section(props: {
  title: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}): VNode {
  return (
    <section class="section">
      <header class="section-head">
        <h2>{props.title}</h2>
        {props.actions !== undefined && <div class="page-actions">{props.actions}</div>}
      </header>
      {props.children}
    </section>
  );
}
