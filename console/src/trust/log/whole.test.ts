import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64, utf8 } from '../bytes';
import { canonicalText, fromCanonical, type Json } from '../canonical';
import type { EvidenceFile } from '../evidence/file';
import { loadBoth, type Suite } from '../suite';
import { Forge, type Wrong } from '../testdata/forge';
import { demo } from '../testdata/load';
import { parseCheckpoint } from './checkpoint';
import { leafNode, Tree, verifyConsistency, verifyInclusion } from './merkle';
import { readWhole, type Given } from './whole';

describe('Merkle trees', () => {
  it('prove each leaf and each older tree, and nothing else', { timeout: 60_000 }, async () => {
    const { intl: h } = await loadBoth();
    for (const size of [1, 2, 3, 4, 7, 8, 13]) {
      const leaves = Array.from({ length: size }, (_, i) => leafNode(h, utf8(`leaf ${i}`)));
      const tree = new Tree(h, leaves);
      const root = tree.root();
      for (const [i, leaf] of leaves.entries()) {
        const proof = tree.inclusion(i);
        const holds = (at: number, of: number, nodes = proof) =>
          verifyInclusion(h, leaf, BigInt(at), BigInt(of), nodes, root);
        expect(holds(i, size)).toBe(true);
        expect(holds((i + 1) % size, size)).toBe(size === 1);
        expect(holds(i, size, [...proof, root])).toBe(false);
        if (proof.length > 0) expect(holds(i, size, proof.slice(1))).toBe(false);
      }
      for (let old = 0; old <= size; old++) {
        const proof = tree.consistency(old);
        const [before, now] = [
          { size: BigInt(old), root: tree.root(old) },
          { size: BigInt(size), root },
        ];
        expect(verifyConsistency(h, before, now, proof)).toBe(true);
        const other = { ...before, root: h.hash(utf8('other')) };
        expect(verifyConsistency(h, other, now, proof)).toBe(false);
        expect(verifyConsistency(h, before, now, [...proof, root])).toBe(false);
      }
    }
  });

  it('have the roots of RFC 9162', async () => {
    const { intl: h } = await loadBoth();
    expect(toBase64(new Tree(h, []).root())).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  });
});

describe.each<Suite>(['gm', 'intl'])('a log of %s', (suite) => {
  // A forged file holds the whole of its logs, so it serves as a log that the API gives.
  let forge: Forge | undefined;
  async function given(wrong: Wrong = {}): Promise<Given> {
    const { evidence, trust } = demo(suite);
    forge ??= new Forge(await loadBoth(), evidence, trust);
    const made = forge.build(wrong).evidence;
    const { body } = fromCanonical(made) as unknown as EvidenceFile;
    const part = body.logs.platform;
    const leaf = (text: string) => fromCanonical(fromBase64(text) ?? new Uint8Array());
    return {
      note: part?.checkpoint ?? '',
      leaves: part?.leaves.map((l) => leaf(l.leaf)) ?? [],
      keyLists: body.key_lists,
      root: body.root,
    };
  }
  const faults = async (change: (g: Given) => Partial<Given>, wrong?: Wrong) => {
    const whole = await given(wrong);
    return (await readWhole({ ...whole, ...change(whole) })).fault;
  };

  it('holds, proves each leaf, and extends what was seen', { timeout: 60_000 }, async () => {
    const whole = await given();
    const log = await readWhole(whole);
    expect(log.fault).toBeNull();
    expect(log.size).toBe(whole.leaves.length);
    for (let i = 0; i < log.size; i++) expect(log.proofs(i).map((p) => p.holds)).toEqual([true, true]);
    const file = log.proofFile(3) as { leaf: string; hash: string };
    expect(canonicalText(whole.leaves[3] as Json)).toBe(
      new TextDecoder().decode(fromBase64(file.leaf) ?? undefined),
    );
    const { sm3, sha256 } = parseCheckpoint(utf8(whole.note));
    const seen = { size: log.size, sm3: toBase64(sm3), sha256: toBase64(sha256) };
    expect(log.extends(seen)).toBe(true);
    expect(log.extends({ ...seen, sm3: seen.sha256 })).toBe(false);
    expect(log.extends({ ...seen, size: log.size + 1 })).toBe(false);
    const later = await readWhole({ ...whole, leaves: [...whole.leaves, whole.leaves[0] as Json] });
    expect(later.proofs(log.size)).toEqual([]);
  });

  it('shows what is wrong with it', { timeout: 60_000 }, async () => {
    expect(await faults((g) => ({ leaves: g.leaves.slice(0, -1) }))).toMatchObject({ what: 'missing' });
    expect(await faults((g) => ({ leaves: [...g.leaves.slice(1), g.leaves[0] as Json] }))).not.toBeNull();
    const changed = (g: Given) =>
      g.leaves.map((l, i) => (i === 5 ? { ...(l as object), rule: 'X' } : l) as Json);
    expect(await faults((g) => ({ leaves: changed(g) }))).not.toBeNull();
    const last = (g: Given) =>
      g.leaves.map((l, i) => (i === g.leaves.length - 1 ? { ...(l as object), rule: 'X' } : l) as Json);
    expect(await faults((g) => ({ leaves: last(g) }))).toEqual({ what: 'root', index: null });
    expect(await faults((g) => ({ leaves: [null, ...g.leaves] }))).toEqual({ what: 'leaf', index: 0 });
    expect(await faults((g) => ({ note: `${g.note} ` }))).toEqual({ what: 'checkpoint', index: null });
    expect(await faults(() => ({ keyLists: [] }))).toEqual({ what: 'keys', index: null });
    const old = demo(suite).evidence;
    const root = (fromCanonical(old) as unknown as EvidenceFile).body.root;
    expect(await faults(() => ({ root }))).toEqual({ what: 'keys', index: null });
    const unlisted: Wrong = {
      list: (l) => void (l.entries = l.entries.filter((e) => e.holder['kind'] !== 'platform_log')),
    };
    expect(await faults(() => ({}), unlisted)).toEqual({ what: 'checkpoint', index: null });
  });
});
