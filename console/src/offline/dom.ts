/** Builds the page's elements. All text is set as text: nothing of a file becomes markup. */

type Child = Node | string | null | undefined | false;
type Props = Readonly<Record<string, string | ((event: Event) => void)>>;

/** An element with attributes (or, where a value is a function, listeners) and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const out = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === 'string') out.setAttribute(key, value);
    else out.addEventListener(key, value);
  }
  out.append(...children.filter((c): c is Node | string => c !== null && c !== undefined && c !== false));
  return out;
}
