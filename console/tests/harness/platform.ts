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

/** A folder, its platform and zone, and the root key, which no browser ever sees. */
export class Platform {
  private constructor(
    private readonly bin: string,
    private readonly folder: string,
    readonly data: string,
    private readonly made: Made,
    private readonly server: ChildProcess,
    readonly url: string,
  ) {}

  /** Makes a folder, under a simulated clock where a day is given, and serves it on free ports. */
  static async start(bin: string | undefined, suite: 'gm' | 'intl', day?: string): Promise<Platform> {
    if (!bin) throw new Error('YUNYU_BIN must name the program');
    const folder = mkdtempSync(join(tmpdir(), 'yunyu-console-test-'));
    const data = join(folder, 'data');
    const clock = day === undefined ? [] : ['--simulated', day];
    const made = ['admin', 'init', ...clock, '--city', 'wuxi', '--suite', suite, '--data', data, '--json'];
    const told = execFileSync(bin, made, { encoding: 'utf8' });
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
      if (up) break;
      if (i > 300) throw new Error('the platform does not answer');
      await new Promise((done) => setTimeout(done, 100));
    }
    return new Platform(bin, folder, data, JSON.parse(told) as Made, server, url);
  }

  get setupToken(): string {
    return this.made.setup_token;
  }

  /** The trust file that a verifier gets by another way than the evidence. */
  get trust(): string {
    return this.made.trust;
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
    const { root_key: root, root_passphrase: YUNYU_ROOT_PASSPHRASE } = this.made;
    const previous = join(this.data, 'log', 'keys', '1.json');
    const files = ['--root', root, '--draft', draft, '--previous', previous, '--out', out];
    execFileSync(this.bin, ['admin', 'sign-keys', ...files, '--yes'], {
      env: { ...process.env, YUNYU_ROOT_PASSPHRASE },
      stdio: 'pipe',
    });
    return out;
  }

  async stop(): Promise<void> {
    const over = new Promise((done) => this.server.once('exit', done));
    // Asked first: it ends its own zone.
    this.server.kill('SIGTERM');
    await over;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
