/** One browser, people in sessions of their own, and what every page must hold: no error, no outside request, axe clean. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { consoleFromDist } from './dist';

/** A person of the demonstration. */
export interface Account {
  account: string;
  password: string;
}

export type Lang = 'zh' | 'en';
export type Theme = 'light' | 'dark';

/** How long anything is waited for: nothing takes so long, but a machine with other work to do may. */
const PATIENCE_MS = 120_000;
const SHOTS = fileURLToPath(new URL('../../shots/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

function wanted(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} must name ${name === 'YUNYU_URL' ? 'a running platform' : 'its data folder'}`);
  return value.replace(/\/$/, '');
}

/** The platform under test and the browser. */
export class World {
  readonly data: string;
  readonly accounts: Account[];
  readonly #contexts: BrowserContext[] = [];

  private constructor(
    readonly url: string,
    readonly browser: Browser,
    readonly zone: string,
    private readonly fromDist: boolean,
    data: string,
  ) {
    this.data = data;
    const file = join(data, 'desks', 'accounts.json');
    // A fresh folder has no demonstration's people.
    this.accounts = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Account[]) : [];
  }

  /** Starts for the platform that the environment names. `YUNYU_CONSOLE=dist` puts the built console under the platform's address; else the platform's own is used. */
  static async start(
    platform: string = wanted('YUNYU_URL'),
    data: string = wanted('YUNYU_DATA'),
  ): Promise<World> {
    const facts = (await (await fetch(`${platform}/api/v1/deployment`)).json()) as { zone_endpoint: string };
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      // Pages put in place of the platform's are taken for public ones, which may not ask for local addresses.
      args: [
        '--no-sandbox',
        '--force-color-profile=srgb',
        '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
      ],
    });
    return new World(platform, browser, facts.zone_endpoint, process.env['YUNYU_CONSOLE'] === 'dist', data);
  }

  async stop(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.browser.close();
  }

  account(name: string): Account {
    const found = this.accounts.find((a) => a.account === name);
    if (!found) throw new Error(`nobody is called ${name}`);
    return found;
  }

  /** A desk of its own: nothing is shared with other desks. */
  async desk(lang: Lang = 'zh', theme: Theme = 'light', width = 1280): Promise<Desk> {
    const context = await this.browser.newContext({
      viewport: { width, height: width > 1500 ? 1080 : 800 },
      colorScheme: theme,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
      locale: lang === 'zh' ? 'zh-CN' : 'en-GB',
    });
    context.setDefaultTimeout(PATIENCE_MS);
    this.#contexts.push(context);
    if (this.fromDist) await consoleFromDist(context, this.url, this.zone);
    await context.addInitScript((chosen) => localStorage.setItem('yunyu.lang', chosen), lang);
    return new Desk(this, await context.newPage());
  }
}

/** A person's browser. */
export class Desk {
  /** Where pictures go. */
  readonly shots = SHOTS;
  /** What must stay empty: console errors, page errors, requests to elsewhere. */
  readonly faults: string[] = [];
  /** Calls of the page that are not answered yet. */
  readonly #asked = new Set<Request>();

  constructor(
    private readonly world: World,
    readonly page: Page,
  ) {
    const own = [world.url, world.zone];
    page.on('console', (message) => {
      // The browser itself reports every 4xx as an error; refusals are answers, not faults.
      const answered =
        message.text().startsWith('Failed to load resource') &&
        own.some((o) => message.location().url.startsWith(o));
      if (message.type() === 'error' && !answered)
        this.faults.push(`console: ${message.text()} (${new URL(page.url()).pathname})`);
      if (message.type() === 'warning') this.faults.push(`warning: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.faults.push(`page: ${error.message}`));
    page.on('requestfinished', (request) => this.#asked.delete(request));
    page.on('requestfailed', (request) => this.#asked.delete(request));
    page.on('request', (request) => {
      if (request.resourceType() === 'fetch') this.#asked.add(request);
      const url = request.url();
      if (!own.some((o) => url.startsWith(`${o}/`)) && !/^(blob|data):/.test(url))
        this.faults.push(`outside: ${url}`);
    });
  }

  /** Opens a page of the console and waits until it is read. */
  async open(path: string): Promise<void> {
    await this.page.goto(`${this.world.url}/console${path}`);
    await this.settled();
  }

  /** Waits until the page has a heading, says of nothing that it is on its way, and has nothing left to ask. */
  async settled(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    // Twice in a row: between an answer and what it makes of the page there is a moment.
    for (let quiet = 0; quiet < 2;) {
      quiet = (await this.#atRest()) ? quiet + 1 : 0;
      if (Date.now() > until)
        throw new Error(
          `${this.page.url()} does not come to rest: ${[...this.#asked].map((r) => r.url()).join()}`,
        );
    }
  }

  async #atRest(): Promise<boolean> {
    const read = this.page.evaluate(
      () =>
        new Promise<boolean>((told) => {
          const look = () =>
            told(!!document.querySelector('h1') && !document.querySelector('[aria-busy="true"]'));
          // After the next picture that is drawn.
          requestAnimationFrame(() => setTimeout(look, 20));
        }),
    );
    // A page that is left while it is looked at is not at rest.
    return (await read.catch(() => false)) && this.#asked.size === 0;
  }

  /** Signs in by the form. */
  async signIn(name: string, given?: string): Promise<void> {
    const { account, password } =
      given === undefined ? this.world.account(name) : { account: name, password: given };
    await this.open('/login');
    await this.page.locator('input[autocomplete="username"]').fill(account);
    await this.page.locator('input[autocomplete="current-password"]').fill(password);
    await this.page.locator('form button[type="submit"]').click();
    await this.page.waitForURL((url) => !url.pathname.endsWith('/login'));
    await this.settled();
  }

  /** Imports the person's key file of the demonstration. */
  async takeKey(name: string): Promise<void> {
    await this.open('/key');
    await this.page
      .locator('input[type="file"]')
      .setInputFiles(join(this.world.data, 'desks', `${name}.key.json`));
    await this.page
      .locator('input[type="password"][autocomplete="off"]')
      .fill(this.world.account(name).password);
    await this.page.locator('form:has(input[autocomplete="off"]) button[type="submit"]').click();
    await this.page.locator('.ant-alert-success').waitFor();
  }

  /** What axe finds (WCAG 2.2 A and AA); empty where it finds nothing. */
  async axe(): Promise<string[]> {
    await this.page.evaluate(AXE);
    return this.page.evaluate(async () => {
      const axe = (
        window as unknown as {
          axe: {
            run: (
              context: Document,
              options: object,
            ) => Promise<{ violations: { id: string; nodes: { target: string[]; html: string }[] }[] }>;
          };
        }
      ).axe;
      const { violations } = await axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      });
      return violations.flatMap((v) =>
        v.nodes.slice(0, 3).map((n) => `${v.id}: ${n.target.join(' ')} ${n.html.slice(0, 160)}`),
      );
    });
  }

  /** Words that only a pointer held still brings up: titles that stand nowhere as text. The pager's arrows are exempt. */
  async hoverOnly(): Promise<string[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('[title]')]
        .filter((e) => !e.closest('.ant-pagination'))
        .filter((e) => {
          const title = e.getAttribute('title')?.trim() ?? '';
          const said = `${e.textContent ?? ''} ${e.getAttribute('aria-label') ?? ''}`;
          return title !== '' && !said.includes(title);
        })
        .map((e) => `only under the pointer: ${e.outerHTML.slice(0, 160)}`),
    );
  }

  /** Nobody sits here any more. */
  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** A picture of the page as build output; never committed. */
  async shot(name: string): Promise<void> {
    mkdirSync(SHOTS, { recursive: true });
    // What stays in view while one scrolls belongs at the top of a picture of the whole page.
    await this.page.evaluate(() => window.scrollTo(0, 0));
    await this.page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true, animations: 'disabled' });
  }
}
