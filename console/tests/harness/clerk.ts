/** Sets the stage through the API, as a client does: reads, commands, and acts signed with the people's own keys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKey, parseKeyFile, signAct } from '../../src/trust/index';
import type { Act, OpenKey } from '../../src/trust/index';
import type { World } from './browser';

/** An answer of the API. */
export interface Answer {
  status: number;
  body: Record<string, never> & { [name: string]: unknown };
}

interface Step {
  name: string;
  documents: string[];
}
interface Field {
  name: string;
  kind: string;
  must: string | null;
  choices: string[];
  required: boolean;
}

/** One person at the API. */
export class Clerk {
  private constructor(
    private readonly world: World,
    private readonly name: string,
    readonly token: string,
    private readonly key: OpenKey,
  ) {}

  static async of(world: World, name: string): Promise<Clerk> {
    const { account, password } = world.account(name);
    const answer = await fetch(`${world.url}/api/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ account, password }),
    });
    const { token } = (await answer.json()) as { token: string };
    const file = readFileSync(join(world.data, 'desks', `${name}.key.json`), 'utf8');
    return new Clerk(world, name, token, await openKey(parseKeyFile(file), password));
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${this.world.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  }

  async get<T>(path: string): Promise<T> {
    const answer = await this.ask('GET', path);
    if (answer.status !== 200) throw new Error(`${this.name}: GET ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  async open(procedure: string, object: unknown): Promise<string> {
    const answer = await this.ask('POST', '/cases', { procedure, object });
    if (answer.status !== 200) throw new Error(`${this.name}: ${procedure}: ${JSON.stringify(answer.body)}`);
    return String(answer.body['id']);
  }

  /** Documents of a step, filled in plainly. */
  async papers(procedure: string, step: string): Promise<Record<string, Record<string, unknown>>> {
    const { procedures } = await this.get<{
      procedures: { name: string; steps: Step[]; documents: Record<string, { fields: Field[] }> }[];
    }>('/procedures');
    const found = procedures.find((p) => p.name === procedure);
    const names = found?.steps.find((s) => s.name === step)?.documents ?? [];
    return Object.fromEntries(
      names.map((name) => [
        name,
        Object.fromEntries((found?.documents[name]?.fields ?? []).map((f) => [f.name, sample(f)])),
      ]),
    );
  }

  /** Signs a step and hands it in; answers what the platform says. */
  async act(id: string, step: string, decision: 'approve' | 'reject' = 'approve'): Promise<Answer> {
    const c = await this.get<{ procedure: string; object: never }>(`/cases/${id}`);
    const documents =
      decision === 'approve' ? await this.papers(c.procedure, step) : { reasons: { reason: 'no' } };
    const drafted = await this.ask('POST', `/cases/${id}/act-draft`, { step, decision, documents });
    if (drafted.status !== 200) return drafted;
    const draft = drafted.body as unknown as Act;
    const act = await signAct(this.key, draft, {
      deployment: draft.deployment,
      case: id,
      procedure: c.procedure,
      step,
      decision,
      object: c.object,
      documents: documents as never,
      person: draft.person,
      org: draft.org,
      now: draft.at,
    });
    return this.ask('POST', `/cases/${id}/acts`, { act, documents });
  }

  /** The same, and it must be done. */
  async must(id: string, step: string): Promise<void> {
    const answer = await this.act(id, step);
    if (answer.status !== 200) throw new Error(`${this.name}: ${step}: ${JSON.stringify(answer.body)}`);
  }
}

function sample(field: Field): unknown {
  switch (field.kind) {
    case 'integer':
      return 3;
    case 'money':
      return 0;
    case 'flag':
      return (field.must ?? 'true') === 'true';
    case 'choice':
      return field.must ?? field.choices[0];
    case 'date':
      return '2026-12-31';
    case 'list':
      return ['a'];
    case 'digest':
      return `sm3:${'0'.repeat(64)}`;
    default:
      return 'test';
  }
}
