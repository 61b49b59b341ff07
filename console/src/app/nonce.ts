/**
 * The one-time value that lets style elements pass the content-security policy. antd gives it to its own
 * styles, but some of its parts (scroll lock, measuring of scroll bars) make a style element without it;
 * so every style element that is made here carries it.
 */
const written = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;

/** The value; `undefined` where the console is served without a policy (development). */
export const nonce = written && !written.startsWith('__') ? written : undefined;

if (nonce !== undefined) {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const made = create(name, options);
    if (made instanceof HTMLStyleElement) made.nonce = nonce;
    return made;
  }) as typeof document.createElement;
}
