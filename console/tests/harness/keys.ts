/** A keyboard and nothing else. */
import type { Desk } from './browser';

/** So many presses of Tab reach every place of a page. */
const FAR = 250;

/** The keyboard of a desk. */
export class Keys {
  constructor(private readonly desk: Desk) {}

  /** What has the focus, as a tag. */
  async here(): Promise<string> {
    return this.desk.page.evaluate(() => document.activeElement?.tagName ?? '');
  }

  async press(key: string): Promise<void> {
    await this.desk.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.desk.page.keyboard.type(text);
  }

  /** Tabs to the first place that matches, which must show that it has the focus. */
  async to(selector: string): Promise<void> {
    const { page } = this.desk;
    await page.locator(selector).first().waitFor({ state: 'attached' });
    for (let i = 0; i < FAR; i += 1) {
      const found = await page.evaluate((wanted) => {
        const here = document.activeElement;
        return here !== null && here !== document.body && here.matches(wanted);
      }, selector);
      if (found) {
        if (!(await this.#shown())) throw new Error(`the focus on ${selector} cannot be seen`);
        return;
      }
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${selector}`);
  }

  /** Whether the focused place, or what is drawn around it, has an outline, a ring or a border of its own. */
  async #shown(): Promise<boolean> {
    return this.desk.page.evaluate(() => {
      const drawn = (element: Element | null): boolean => {
        if (!element) return false;
        const style = getComputedStyle(element);
        return (
          (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'
        );
      };
      const here = document.activeElement;
      return (
        drawn(here) ||
        drawn(here?.nextElementSibling ?? null) ||
        drawn(here?.parentElement ?? null) ||
        drawn(here?.parentElement?.parentElement ?? null)
      );
    });
  }

  /** Writes a day into the browser's own field, whose parts stand in the order of the browser's language. */
  async day(day: string): Promise<void> {
    const [year = '', month = '', date = ''] = day.split('-');
    for (const parts of [month + date + year, year + month + date, date + month + year]) {
      // Back to the first part.
      await this.press('ArrowLeft');
      await this.press('ArrowLeft');
      await this.type(parts);
      const written = await this.desk.page.evaluate(() => (document.activeElement as HTMLInputElement).value);
      if (written === day) return;
    }
    throw new Error(`${day} cannot be written`);
  }

  /** Fills the documents of a step: what must be confirmed is ticked, what must be chosen is chosen, the rest is written. */
  async fillDialog(): Promise<void> {
    const { page } = this.desk;
    const fields = await page.evaluate(() =>
      [...document.querySelectorAll('.ant-modal input, .ant-modal textarea')]
        .filter((e) => !(e as HTMLInputElement).disabled)
        .map((e, i) => {
          e.setAttribute('data-walk', String(i));
          return {
            at: i,
            type: e.tagName === 'TEXTAREA' ? 'text' : (e as HTMLInputElement).type,
            name: (e as HTMLInputElement).name,
          };
        }),
    );
    const chosen = new Set<string>();
    for (const { at, type, name } of fields) {
      if (type === 'radio' && name.includes('decision')) continue;
      if (type === 'radio' && chosen.has(name)) continue;
      chosen.add(name);
      await this.to(`[data-walk="${at}"]`);
      if (type === 'radio' || type === 'checkbox') await this.press('Space');
      else await this.type('test');
    }
  }
}
