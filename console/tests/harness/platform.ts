/** A platform of a test's own: an empty folder, made and served by the program itself (`YUNYU_BIN`). */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What `admin init` tells the people who made the folder. */
interface Made {
  setup_token: string;
  root_key: string;
  root_passphrase: string;
  trust: string;
}

/** What the two keepers of the zone's keys know; each knows one of them. */
const KEEPERS = {
  YUNYU_KEEPER_1_PASSPHRASE: 'the first keeper’s own words',
  YUNYU_KEEPER_2_PASSPHRASE: 'the second keeper’s own words',
};

/** A folder, its platform and zone, and the root key, which no browser ever sees. */
export class Platform {
  private constructor(
    private readonly bin: string,
    private readonly folder: string,
    readonly data: string,
    private readonly made: Made | null,
    private server: ChildProcess,
    private address: string,
  ) {}

  get url(): string {
    return this.address;
  }

  /** Makes a folder, under a simulated clock where a day is given, and serves it on free ports. */
  static async start(bin: string | undefined, suite: 'gm' | 'intl', day?: string): Promise<Platform> {
    if (!bin) throw new Error('YUNYU_BIN must name the program');
    const folder = mkdtempSync(join(tmpdir(), 'yunyu-console-test-'));
    const data = join(folder, 'data');
    const clock = day === undefined ? [] : ['--simulated', day];
    const made = ['admin', 'init', ...clock, '--city', 'wuxi', '--suite', suite, '--data', data, '--json'];
    const told = execFileSync(bin, made, { encoding: 'utf8' });
    const { server, url } = await serve(bin, data);
    return new Platform(bin, folder, data, JSON.parse(told) as Made, server, url);
  }

  /** A city after its main job, with people, keys and two keepers, served on free ports. */
  static async told(bin: string | undefined, city: string, suite: 'gm' | 'intl'): Promise<Platform> {
    if (!bin) throw new Error('YUNYU_BIN must name the program');
    const folder = mkdtempSync(join(tmpdir(), 'yunyu-console-test-'));
    const data = join(folder, 'data');
    const story = ['story', '--city', city, '--suite', suite, '--rows', '2000', '--data', data, '--json'];
    execFileSync(bin, story, { stdio: 'pipe' });
    keepers(bin, ['export-keys', '--data', data]);
    const { server, url } = await serve(bin, data);
    return new Platform(bin, folder, data, null, server, url);
  }

  /** What happens at the zone's machine: it stands still, the two keepers open a sealed resource, and it goes on. */
  async unseal(resource: string): Promise<void> {
    await this.#still();
    keepers(this.bin, ['unseal', '--data', this.data, '--resource', resource]);
    ({ server: this.server, url: this.address } = await serve(this.bin, this.data));
  }

  get #init(): Made {
    if (!this.made) throw new Error('a story made the folder');
    return this.made;
  }

  async #still(): Promise<void> {
    const over = new Promise((done) => this.server.once('exit', done));
    // Asked first: it ends its own zone.
    this.server.kill('SIGTERM');
    await over;
  }

  get setupToken(): string {
    return this.#init.setup_token;
  }

  /** The trust file that a verifier gets by another way than the evidence. */
  get trust(): string {
    return this.made?.trust ?? join(this.data, 'trust.json');
  }

  /** A file of the person at the desk. */
  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** What happens on the machine that holds the root: the draft is signed, offline. Answers the signed list's file. */
  signKeys(draft: string): string {
    const out = join(this.folder, 'signed.json');
    const { root_key: root, root_passphrase: YUNYU_ROOT_PASSPHRASE } = this.#init;
    const previous = join(this.data, 'log', 'keys', '1.json');
    const files = ['--root', root, '--draft', draft, '--previous', previous, '--out', out];
    execFileSync(this.bin, ['admin', 'sign-keys', ...files, '--yes'], {
      env: { ...process.env, YUNYU_ROOT_PASSPHRASE },
      stdio: 'pipe',
    });
    return out;
  }

  async stop(): Promise<void> {
    await this.#still();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Serves a folder on free ports, and waits until it answers. */
async function serve(bin: string, data: string): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(bin, ['serve', '--data', data, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = await new Promise<string>((found, lost) => {
    const lines = createInterface({ input: server.stderr });
    // Read to the end: the pipe must not fill up.
    lines.on('line', (line) => {
      const at = / platform +(http\S+)/.exec(line);
      if (at?.[1]) found(at[1]);
    });
    server.on('exit', () => lost(new Error('the platform ended before it listened')));
  });
  for (let i = 0; ; i += 1) {
    const up = await fetch(`${url}/api/v1/deployment`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) return { server, url };
    if (i > 300) throw new Error('the platform does not answer');
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** A command at the zone's machine that needs both keepers. */
function keepers(bin: string, command: string[]): void {
  execFileSync(bin, ['admin', ...command, '--json'], { env: { ...process.env, ...KEEPERS }, stdio: 'pipe' });
}
