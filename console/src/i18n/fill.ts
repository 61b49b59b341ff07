/** What messages need where there is no page around them. Loads nothing. */

/** A language of the console. */
export type Lang = 'zh' | 'en';
/** What placeholders are filled with. */
export type Values = Record<string, string | number>;

/** Fills `{name}` placeholders. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}
