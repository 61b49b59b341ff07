/** A person at a browser of their own, who works as people do: by menu, inbox, forms and signatures. */
import { expect } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import type { MessageKey } from '../../src/i18n';
import en from '../../src/messages/en.json';
import workEn from '../../src/messages/work.en.json';
import workZh from '../../src/messages/work.zh.json';
import zh from '../../src/messages/zh.json';
import type { Desk, Lang, World } from './browser';

const WORDS: Record<Lang, Record<string, string>> = { zh: { ...zh, ...workZh }, en: { ...en, ...workEn } };

/** Something with a name in both languages. */
interface Named {
  zh: string;
  en: string;
}
interface Step extends Named {
  name: string;
  blind: boolean;
  documents: string[];
}
interface Field {
  name: string;
  kind: string;
  must: string | null;
  choices: string[];
  required: boolean;
}
interface Procedure extends Named {
  name: string;
  states: (Named & { name: string })[];
  steps: Step[];
  documents: Record<string, { fields: Field[] }>;
}

/** The city's procedures, as the forms are made from them. */
export class Rules {
  private constructor(private readonly all: Procedure[]) {}

  static async read(url: string): Promise<Rules> {
    const answer = await fetch(`${url}/api/v1/procedures`);
    return new Rules(((await answer.json()) as { procedures: Procedure[] }).procedures);
  }

  procedure(name: string): Procedure {
    const found = this.all.find((p) => p.name === name);
    if (!found) throw new Error(`the city has no procedure ${name}`);
    return found;
  }

  state(procedure: string, name: string): Named {
    const found = this.procedure(procedure).states.find((s) => s.name === name);
    if (!found) throw new Error(`procedure ${procedure} has no state ${name}`);
    return found;
  }

  step(procedure: string, name: string): Step {
    const found = this.procedure(procedure).steps.find((s) => s.name === name);
    if (!found) throw new Error(`procedure ${procedure} has no step ${name}`);
    return found;
  }
}

/** What a person writes into fields, by `document.field`; a digest is given as the path of a file. */
export type Answers = Record<string, string>;

export interface Identity {
  account: string;
  /** The language this person works in. */
  lang: Lang;
  /** Given by the system administrator, and changed at the first sign-in. */
  first: string;
  /** The person's own. */
  password: string;
}

export class Person {
  private constructor(
    readonly desk: Desk,
    readonly who: Identity,
    private readonly rules: Rules,
    private readonly paper: string,
  ) {}

  /** Sits down at a browser that nobody else uses. `paper` is the file whose digest stands for documents. */
  static async sit(world: World, who: Identity, rules: Rules, paper: string): Promise<Person> {
    return new Person(await world.desk(who.lang), who, rules, paper);
  }

  get page(): Page {
    return this.desk.page;
  }

  async shot(name: string): Promise<void> {
    await this.desk.shot(`mainjob-${name}-${this.who.lang}-light-1280`);
  }

  /** The words of the console for a message, as this person reads them. */
  says(key: MessageKey | keyof typeof workZh, values: Record<string, string> = {}): string {
    const text = WORDS[this.who.lang][key] ?? key;
    return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  }

  /** A name in this person's language. */
  pick(named: Named): string {
    return named[this.who.lang];
  }

  async #password(password: string): Promise<void> {
    await this.desk.open('/login');
    await this.page.locator('input[autocomplete="username"]').fill(this.who.account);
    await this.page.locator('input[autocomplete="current-password"]').fill(password);
    await this.page.locator('form button[type="submit"]').click();
  }

  async #in(): Promise<void> {
    await this.page.waitForURL((url) => !url.pathname.endsWith('/login'));
    await this.desk.settled();
  }

  async signIn(): Promise<void> {
    await this.#password(this.who.password);
    await this.#in();
  }

  /** The first sign-in: the given password is good for nothing but another one. */
  async begin(): Promise<void> {
    await this.#password(this.who.first);
    await this.page.locator('#fresh').fill(this.who.password);
    await this.page.locator('#again').fill(this.who.password);
    await this.page.locator('form button[type="submit"]').click();
    await this.#in();
  }

  /** The session is over: the console asks for the password over the page. */
  async comeBack(): Promise<void> {
    const dialog = this.page.locator('.ant-modal:has(#relogin-account)');
    // The page finds it out when it reads again, as it does when the person looks at it again.
    const looked = async () => {
      await this.page.evaluate(() =>
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true })),
      );
      return dialog.isVisible();
    };
    await expect.poll(looked).toBe(true);
    await dialog.locator('input[autocomplete="current-password"]').fill(this.who.password);
    await dialog.locator('button[type="submit"]').click();
    await dialog.waitFor({ state: 'hidden' });
    await this.desk.settled();
  }

  /** Goes to a page by the menu: what is open stays open, the key too. */
  async go(path: string): Promise<void> {
    const href = path === '/' ? '/console' : `/console${path}`;
    const own = (pathname: string) => pathname.replace(/\/$/, '') === href;
    await this.page.locator(`.side a[href="${href}"], .side a[href="${href}/"]`).first().click();
    await this.page.waitForURL((url) => own(url.pathname));
    await this.desk.settled();
  }

  /** Makes the key in this browser, and asks for its registration. */
  async makeKey(): Promise<void> {
    await this.go('/key');
    await this.page.locator('#fresh').fill(this.who.password);
    await this.page.locator('#again').fill(this.who.password);
    await this.page.locator('form:has(#fresh) button[type="submit"]').click();
    await this.page.getByRole('button', { name: this.says('key.register') }).click();
    await this.page.getByText(this.says('key.waits')).waitFor();
  }

  /** Opens the key above what speaks to the zone, where it is not open yet; `then` is what an open key shows. */
  async unlock(then = '.keybar'): Promise<void> {
    const bar = this.page.locator('.unlock');
    await this.page.locator(`.unlock, ${then}`).first().waitFor();
    if ((await bar.count()) === 0) return;
    await bar.locator('input[type="password"]').fill(this.who.password);
    await bar.locator('button[type="submit"]').click();
    await this.page.locator(then).first().waitFor();
  }

  /** Opens a procedure's form from the list of what this person may start. */
  async start(procedure: string): Promise<void> {
    await this.go('/');
    await this.page.locator('article header a[href="/console/cases/new"]').click();
    await this.page.locator(`.choices a[href$="procedure=${procedure}"]`).click();
    await this.page.locator('form.open').waitFor();
    await this.desk.settled();
  }

  /** Chooses in a list of choices, by typing the name; without a name, the first. */
  async choose(id: string, name = ''): Promise<void> {
    const field = this.page.locator(`.ant-select:has(#${id})`);
    await this.page.locator(`#${id}`).click();
    await this.page.keyboard.insertText(name);
    await this.page.locator('.ant-select-item-option-active').last().waitFor();
    await this.page.keyboard.press('Enter');
    await expect.poll(() => field.innerText()).toContain(name);
    // Several may be chosen, so the list stays open.
    if ((await field.getAttribute('class'))?.includes('ant-select-multiple'))
      await this.page.keyboard.press('Escape');
    // Whoever looks at the page next shall not meet the list on its way out.
    const open = this.page.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden)');
    await expect.poll(() => open.count()).toBe(0);
  }

  async write(fields: Record<string, string>): Promise<void> {
    for (const [id, text] of Object.entries(fields)) await this.page.locator(`#${id}`).fill(text);
  }

  /** Hands a form in, and stands before the case that it opened. */
  async hand(): Promise<string> {
    await this.page.locator('form.open button[type="submit"]').click();
    return this.atCase();
  }

  async atCase(): Promise<string> {
    await this.page.waitForURL(/\/cases\/case_/);
    await this.desk.settled();
    return new URL(this.page.url()).pathname.replace('/console/cases/', '');
  }

  /** Finds a step in the inbox and opens what it is about. */
  async takeUp(procedure: string, step: string): Promise<void> {
    await this.go('/');
    const name = this.pick(this.rules.step(procedure, step));
    const row = this.page
      .locator('main tbody tr')
      .filter({ hasText: this.pick(this.rules.procedure(procedure)) })
      .filter({ has: this.page.getByRole('link', { name, exact: true }) });
    await row.first().waitFor();
    await row.first().getByRole('link', { name, exact: true }).click();
    await this.page.waitForURL(/\/(cases|reviews)\/case_/);
    await this.desk.settled();
  }

  /** The inbox does not ask for a step, or no longer. */
  async without(procedure: string, step: string): Promise<void> {
    await this.go('/');
    const name = this.pick(this.rules.step(procedure, step));
    const asked = this.page.locator('main tbody tr').getByRole('link', { name, exact: true });
    await expect.poll(() => asked.count()).toBe(0);
  }

  /** Takes the step that is open on the page: fills in, sees what is signed, signs. */
  async act(procedure: string, step: string, answers: Answers = {}): Promise<void> {
    const found = this.rules.step(procedure, step);
    const { blind, documents } = found;
    const button = blind
      ? this.page.locator('main .part > button.ant-btn-primary, main .part p + button.ant-btn-primary')
      : this.page.locator('.timeline .now').getByRole('button', { name: this.pick(found), exact: true });
    await button.first().click();
    const dialog = this.page.locator('.ant-modal.act, .act .ant-modal').last();
    const forms = this.rules.procedure(procedure).documents;
    for (const name of documents)
      for (const field of forms[name]?.fields ?? [])
        await this.#fill(dialog, `docs_${name}_${field.name}`, field, answers[`${name}.${field.name}`]);
    // What is signed, or why there is nothing to sign. A dialog that is still opening on a busy machine may miss a click.
    const said = dialog.locator(
      '.statement .good, .statement .bad, .ant-alert-error, .ant-form-item-explain-error',
    );
    const onward = dialog.getByRole('button', { name: this.says('act.toSign') });
    for (let tries = 0; tries < 5 && (await said.count()) === 0; tries += 1) {
      await onward.click({ timeout: 5_000 }).catch(() => undefined);
      await said
        .first()
        .waitFor({ timeout: 15_000 })
        .catch(() => undefined);
    }
    await said.first().waitFor();
    if ((await dialog.locator('.statement .good').count()) === 0)
      throw new Error(`nothing to sign at ${procedure}/${step}: ${await dialog.innerText()}`);
    const passphrase = dialog.locator('input[type="password"]');
    if ((await passphrase.count()) > 0) {
      await passphrase.fill(this.who.password);
      await dialog.locator('input[type="checkbox"]').check();
    }
    await dialog.locator('button[type="submit"]').click();
    await dialog.waitFor({ state: 'hidden' });
    await this.desk.settled();
  }

  /** Finds the step in the inbox and takes it. */
  async do(procedure: string, step: string, answers: Answers = {}): Promise<void> {
    await this.takeUp(procedure, step);
    await this.act(procedure, step, answers);
  }

  async #fill(dialog: Locator, id: string, field: Field, answer: string | undefined): Promise<void> {
    const at = dialog.locator(`#${id}`);
    switch (field.kind) {
      case 'flag': {
        const wanted = answer ?? field.must ?? 'true';
        return at
          .locator('input')
          .nth(wanted === 'true' ? 0 : 1)
          .check();
      }
      case 'choice': {
        const wanted = answer ?? field.must ?? field.choices[0] ?? '';
        return at.locator('input').nth(field.choices.indexOf(wanted)).check();
      }
      case 'integer':
      case 'money':
        return at.fill(answer ?? '3');
      case 'date':
        return at.fill(answer ?? '2026-12-31');
      case 'digest': {
        const item = dialog.locator(`.ant-form-item:has(#${id})`).last();
        await item.locator('input[type="file"]').setInputFiles(answer ?? this.paper);
        await expect.poll(() => at.inputValue()).toMatch(/^(sm3|sha256):[0-9a-f]{64}$/);
        return;
      }
      default:
        return at.fill(answer ?? '按规定办理');
    }
  }
}
