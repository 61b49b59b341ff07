"""Checks what the log's writer and a witness made, without any code of ours: tree, proofs and signatures, after RFC 9162,
C2SP tlog-tiles, signed-note and tlog-cosignature. Standard library only; `pymerkle` and `cryptography` are used besides
where they are there, and must be there with --all.

usage: verify.py [--all] LOG CASE.json      CASE: {"proof": .., "old": .., "old_root": .., "consistency": [..], "cosigned": .., "log_key": .., "witness_key": ..}
"""
import base64
import hashlib
import json
import os
import sys

WITH_ALL = "--all" in sys.argv
log, case_file = [a for a in sys.argv[1:] if not a.startswith("--")]
case = json.load(open(case_file, encoding="utf-8"))
b64 = base64.b64decode


def leaves():
    """Every leaf, out of the bundles by their names."""
    found = {}
    for folder, _, names in os.walk(os.path.join(log, "entries")):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), os.path.join(log, "entries"))
            found[path] = open(os.path.join(folder, name), "rb").read()
    out = []
    # Names of this small log have three digits, the last one perhaps with its width.
    for path in sorted(found):
        data = found[path]
        while data:
            n = int.from_bytes(data[:2], "big")
            out.append(data[2:2 + n])
            data = data[2 + n:]
    return out


def h(alg, data):
    return hashlib.new(alg, data).digest()


def mth(alg, d):
    if not d:
        return h(alg, b"")
    if len(d) == 1:
        return h(alg, b"\0" + d[0])
    k = 1 << ((len(d) - 1).bit_length() - 1)
    return h(alg, b"\1" + mth(alg, d[:k]) + mth(alg, d[k:]))


def path(alg, m, d):
    if len(d) == 1:
        return []
    k = 1 << ((len(d) - 1).bit_length() - 1)
    return path(alg, m, d[:k]) + [mth(alg, d[k:])] if m < k else path(alg, m - k, d[k:]) + [mth(alg, d[:k])]


def subproof(alg, m, d, whole):
    if m == len(d):
        return [] if whole else [mth(alg, d)]
    k = 1 << ((len(d) - 1).bit_length() - 1)
    if m <= k:
        return subproof(alg, m, d[:k], whole) + [mth(alg, d[k:])]
    return subproof(alg, m - k, d[k:], False) + [mth(alg, d[:k])]


def must(ok, what):
    if not ok:
        sys.exit("not so: " + what)
    print("ok", what)


note, _, signatures = case["cosigned"].partition("\n\n")
note += "\n"
lines = note.split("\n")
size, roots = int(lines[1]), {"sha256": b64(lines[2]), "sm3": b64(lines[3].split(" ")[1])}
all_leaves = leaves()
must(len(all_leaves) == size, "as many leaves as the checkpoint says")
proof = case["proof"]
index, old = proof["index"], case["old"]
must(b64(proof["leaf"]) == all_leaves[index], "the leaf of the proof stands there")
algs = ["sha256"] + (["sm3"] if "sm3" in hashlib.algorithms_available else [])
for alg in algs:
    must(mth(alg, all_leaves) == roots[alg], alg + " root")
    must([b64(n) for n in proof[alg + "_proof"]] == path(alg, index, all_leaves), alg + " inclusion proof")
    must(b64(case["old_root"][alg]) == mth(alg, all_leaves[:old]), alg + " root of before")
    ours = [b64(n) for n in case["consistency"][alg]]
    must(ours == subproof(alg, old, all_leaves, True), alg + " consistency proof")


def blob_of(name):
    found = [l.split(" ") for l in signatures.split("\n") if l.startswith("— " + name + " ")]
    must(len(found) == 1, "one line of " + name)
    return b64(found[0][2])


def key_hash(name, kind, key):
    return hashlib.sha256(name.encode() + b"\n" + kind + key).digest()[:4]


origin = lines[0]
log_key = b64(case["log_key"])
name, hexhash, key = case["witness_key"].split("+", 2)
key = b64(key)
own, other = blob_of(origin), blob_of(name)
must(own[:4] == key_hash(origin, b"\1", log_key), "key hash of the log")
must(key[:1] == b"\4" and other[:4] == key_hash(name, b"\4", key[1:]) == bytes.fromhex(hexhash), "key hash of the witness")
seconds = int.from_bytes(other[4:12], "big")
cosigned = f"cosignature/v1\ntime {seconds}\n".encode() + note.encode()

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    def signed(public, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
            return True
        except InvalidSignature:
            return False

    must(signed(log_key, own[4:], note.encode()), "the log's signature (cryptography)")
    must(signed(key[1:], other[12:], cosigned), "the cosignature (cryptography)")
    must(not signed(key[1:], other[12:], cosigned.replace(b"time ", b"time 1")), "not of another time")
    must(not signed(key[1:], other[12:], note.encode()), "not over the bare note")
except ImportError:
    must(not WITH_ALL, "cryptography is there")

try:
    from pymerkle import InmemoryTree, InvalidProof, verify_consistency, verify_inclusion
    from pymerkle.proof import InclusionProof

    tree = InmemoryTree(algorithm="sha256")
    for leaf in all_leaves:
        tree.append_entry(leaf)
    must(tree.get_state(size) == roots["sha256"], "SHA-256 root (pymerkle)")
    must(tree.get_state(old) == b64(case["old_root"]["sha256"]), "SHA-256 root of before (pymerkle)")
    # Its verifier walks over our nodes; only the shape of the path is its own.
    shape = tree.prove_inclusion(index + 1, size).serialize()
    base = h("sha256", b"\0" + all_leaves[index])
    shape["path"] = [base.hex()] + [b64(n).hex() for n in proof["sha256_proof"]]
    verify_inclusion(base, roots["sha256"], InclusionProof.deserialize(shape))
    shape["path"][1] = shape["path"][0]
    try:
        verify_inclusion(base, roots["sha256"], InclusionProof.deserialize(shape))
        must(False, "a bent path fails (pymerkle)")
    except InvalidProof:
        must(True, "inclusion (pymerkle)")
    theirs = tree.prove_consistency(old, size)
    must({bytes.fromhex(n) for n in theirs.serialize()["path"]} == {b64(n) for n in case["consistency"]["sha256"]}, "the same nodes (pymerkle)")
    verify_consistency(b64(case["old_root"]["sha256"]), roots["sha256"], theirs)
    must(True, "consistency (pymerkle)")
except ImportError:
    must(not WITH_ALL, "pymerkle is there")
