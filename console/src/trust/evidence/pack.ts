/**
 * Rule packs, as far as a verifier needs them: which approvals an order must carry. Read from the texts that the pack's
 * digest is taken over, layer by layer (product ← national ← city), as the program reads them. The program refuses
 * faulty packs when they are loaded; here a text that the trust file pins is only read.
 */

import { parse, type TomlTable, type TomlValue } from 'smol-toml';
import type { Json } from '../canonical';
import { digestOf } from '../digest';
import { textOf } from '../shape';
import type { Both } from '../suite';
import type { Trust } from '../trustfile';
import type { Packs } from './check';
import { quorumOf } from './quorum';
import { RefusedError } from './refusal';

/** Texts by `layer/path`. */
export type Texts = Readonly<Record<string, string>>;

/** One way in which the approvals of an effect may come together. */
export interface Alternative {
  readonly procedure: string;
  readonly steps: readonly string[];
  readonly rule: string;
}

/** A step of a procedure, as far as its approvals go. */
export interface Step {
  readonly name: string;
  readonly zh: string;
  readonly en: string;
  readonly by: readonly string[];
  readonly personRoles: readonly string[];
  readonly count: number;
  readonly countParam: string | null;
  readonly distinctOrgs: boolean;
  readonly not: readonly string[];
  /** The step exists only where a field of the object has one of these words. */
  readonly when: { readonly field: string; readonly any: readonly string[] } | null;
  readonly effects: readonly string[];
  readonly rule: string;
}

/** A pack. */
export interface Pack {
  /** The city and the version of each layer, e.g. `id@1.1.1`. */
  readonly version: string;
  readonly texts: Texts;
  readonly ints: ReadonlyMap<string, number>;
  readonly effects: ReadonlyMap<string, readonly Alternative[]>;
  readonly procedures: ReadonlyMap<string, readonly Step[]>;
  /** Names of procedures. */
  readonly titles: ReadonlyMap<string, Title>;
}

/** A name in both languages. */
export interface Title {
  readonly zh: string;
  readonly en: string;
}

/** Names of procedures and of their steps, as a pack has them. */
export type Titles = ReadonlyMap<string, Named>;

/** The name of a procedure and of its steps. Maps, since files of others say what is looked up in them. */
export interface Named extends Title {
  readonly steps: ReadonlyMap<string, Title>;
}

function table(value: TomlValue | undefined): TomlTable {
  const plain =
    value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
  return plain ? (value as TomlTable) : {};
}

function list(value: TomlValue | undefined): TomlValue[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: TomlValue | undefined): string[] {
  return list(value).filter((v) => typeof v === 'string');
}

function word(value: TomlValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function step(value: TomlValue): Step {
  const s = table(value);
  const when = table(s['when']);
  return {
    name: word(s['name']),
    zh: word(s['zh']),
    en: word(s['en']),
    by: texts(s['by']),
    personRoles: texts(s['person_roles']),
    count: typeof s['count'] === 'number' ? s['count'] : 1,
    countParam: typeof s['count_param'] === 'string' ? s['count_param'] : null,
    distinctOrgs: s['distinct_orgs'] === true,
    not: texts(s['not']),
    when: s['when'] === undefined ? null : { field: word(when['field']), any: texts(when['any']) },
    effects: texts(s['effects']),
    rule: word(s['rule']),
  };
}

function alternative(value: TomlValue): Alternative {
  const a = table(value);
  return { procedure: word(a['procedure']), steps: texts(a['steps']), rule: word(a['rule']) };
}

function layerFiles(all: Texts, layer: string): [string, string][] {
  const own = Object.entries(all).filter(([path]) => path.startsWith(`${layer}/`));
  return own.map(([path, text]): [string, string] => [path.slice(layer.length + 1), text]).sort();
}

/** The layers of a pack, the most general first; `null` where one is missing or they inherit in a circle. */
function resolve(all: Texts, id: string): string[] | null {
  const chain: string[] = [];
  for (let wanted: string | null = id; wanted !== null;) {
    const text: string | undefined = Object.hasOwn(all, `${wanted}/pack.toml`)
      ? all[`${wanted}/pack.toml`]
      : undefined;
    if (text === undefined || chain.includes(wanted)) return null;
    chain.push(wanted);
    const above: TomlValue | undefined = parse(text)['inherits'];
    wanted = typeof above === 'string' ? above : null;
  }
  return chain.reverse();
}

/** Reads a pack by the name of its last layer; `null` where it is not among the texts. */
export function readPack(all: Texts, id: string): Pack | null {
  const layers = resolve(all, id);
  if (!layers) return null;
  const own: Record<string, string> = {};
  const [ints, effects, procedures] = [new Map<string, number>(), new Map(), new Map<string, Step[]>()];
  const titles = new Map<string, Title>();
  const versions: string[] = [];
  for (const layer of layers) {
    for (const [path, text] of layerFiles(all, layer)) {
      // The calendar of days off is no part of a pack: it grows every year, under the same version.
      if (path === 'calendar.toml') continue;
      own[`${layer}/${path}`] = text;
      if (path === 'pack.toml') {
        const pack = parse(text);
        versions.push(String(pack['version']));
        for (const [name, ways] of Object.entries(table(pack['effects'])))
          effects.set(name, list(ways).map(alternative));
      } else if (path === 'parameters.toml') {
        for (const [name, p] of Object.entries(parse(text))) {
          const value = table(p)['value'];
          ints.delete(name);
          if (typeof value === 'number') ints.set(name, value);
        }
      } else if (path.startsWith('procedures/')) {
        const procedure = parse(text);
        const name = word(procedure['name']);
        procedures.set(name, list(procedure['steps']).map(step));
        titles.set(name, { zh: word(procedure['zh']), en: word(procedure['en']) });
      }
    }
  }
  return { version: `${id}@${versions.join('.')}`, texts: own, ints, effects, procedures, titles };
}

/** Quorums by the packs of these texts. */
export function packsOf(all: Texts): Packs {
  const read = new Map<string, Pack | null>();
  const pack = (id: string) => {
    if (!read.has(id)) read.set(id, readPack(all, id));
    return read.get(id) ?? null;
  };
  return {
    pinned(both: Both, trust: Trust) {
      const found = pack(trust.pack.name);
      const same = found?.version === trust.pack.version && trust.city === trust.pack.name;
      const digest = found && digestOf(both[trust.suite], 'pack', found.texts as Json);
      return found && same && digest === trust.pack.digest ? quorumOf(both, found) : null;
    },
    named: (both: Both) => (order, acts, keys) => {
      const version = textOf(order.body, 'pack') ?? '';
      const found = pack(version.split('@')[0] ?? '');
      if (found?.version !== version) throw new RefusedError('unknown-pack', '');
      quorumOf(both, found)(order, acts, keys);
    },
  };
}

/** Versions of all packs that a deployment may pin, by name. */
export function packVersions(all: Texts): string[] {
  const names = Object.keys(all).filter((path) => path.endsWith('/pack.toml'));
  return names.map((path) => readPack(all, path.replace('/pack.toml', ''))?.version ?? '').sort();
}

/** Names of procedures and steps of the pack of a version (`id@1.1.1`); none where it is not among the texts. */
export function titlesOf(all: Texts, version: string): Titles {
  const pack = readPack(all, version.split('@')[0] ?? '');
  if (pack?.version !== version) return new Map();
  const named = ([name, title]: [string, Title]): [string, Named] => {
    const steps = (pack.procedures.get(name) ?? []).map((s): [string, Title] => [
      s.name,
      { zh: s.zh, en: s.en },
    ]);
    return [name, { ...title, steps: new Map(steps) }];
  };
  return new Map([...pack.titles].map(named));
}
