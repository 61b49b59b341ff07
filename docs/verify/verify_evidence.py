#!/usr/bin/env python3
"""Verifies an evidence file offline, written from docs/evidence.md and docs/log.md alone.

    python3 verify_evidence.py EVIDENCE [--trust FILE] [--packs DIR]

Needs Python 3.11 with SM3 in hashlib, and `cryptography` for Ed25519 (suite intl) or `gmalg` for SM2 (suite gm).
Without --packs (the folder of the rule packs) nobody counts approvals, and nothing is trusted."""
import argparse, base64, contextlib, hashlib, json, math, os, re, sys

REFERRED, SKEW, MAX_INT, MAX_DEPTH = ("act", "order", "report"), 600_000, 2**53 - 1, 127
ALG = {"gm": "sm3", "intl": "sha256"}
DIGEST = re.compile(r"(sm3|sha256):[0-9a-f]{64}")
HALF = re.compile("[\ud800-\udfff]")
P, D = 2**255 - 19, -121665 * pow(121666, -1, 2**255 - 19)


class Fault(Exception):
    """The first thing found wrong: its code and its place."""
    def __init__(self, what, file=""):
        self.what, self.file = what, file


def need(holds, what, file=""):
    if not holds:
        raise Fault(what, file)


@contextlib.contextmanager
def at_place(file, what=None):
    """Faults found within lie at this place, and under this code where one is given."""
    try:
        yield
    except Fault as f:
        raise Fault(what or f.what, file) from None


# Canonical JSON (RFC 8785), digests, signatures.
def ordered(v, depth=0):
    need(depth < MAX_DEPTH or not isinstance(v, (dict, list)), "malformed")
    if isinstance(v, dict):
        return {k: ordered(v[k], depth + 1) for k in sorted(v, key=lambda k: k.encode("utf-16-be"))}
    if isinstance(v, list):
        return [ordered(x, depth + 1) for x in v]
    need(not isinstance(v, float) and (not isinstance(v, int) or abs(v) <= MAX_INT), "malformed")
    return v


def canonical(v):
    return json.dumps(ordered(v), ensure_ascii=False, separators=(",", ":")).encode()


def from_canonical(data):
    try:
        v = json.loads(data.decode())
        need(canonical(v) == data, "malformed")
        return v
    except (ValueError, RecursionError):
        raise Fault("malformed") from None


def readable(v, depth=0):
    """Whether a value read from any JSON is one: numbers have bounds, texts no half pairs, nesting an end."""
    if isinstance(v, (dict, list)):
        parts = [*v, *v.values()] if isinstance(v, dict) else v
        return depth < MAX_DEPTH and all(readable(x, depth + 1) for x in parts)
    return math.isfinite(v) if isinstance(v, float) else not isinstance(v, str) or not HALF.search(v)


def from_json(data):
    """The value of any JSON, its numbers as floating-point; None for what is none."""
    try:
        # Python takes NaN and Infinity, which no JSON has.
        v = json.loads(data.decode(), parse_int=float, parse_constant=lambda _: math.nan)
        return v if readable(v) else None
    except (ValueError, RecursionError):
        return None


def signing_bytes(kind, v):
    need(re.fullmatch(r"[a-z0-9-]+", kind), "corrupt")
    return b"yunyu/" + kind.encode() + b"/v1\n" + canonical(v)


def h(alg, data):
    return hashlib.new(alg, data).digest()


def text(alg, data):
    return f"{alg}:{h(alg, data).hex()}"


def unbase64(s, size=None):
    """The bytes of standard base64 with padding; of one value there is one text. None for anything else."""
    try:
        data = base64.b64decode(s, validate=True)
        return data if base64.b64encode(data).decode() == s and size in (None, len(data)) else None
    except ValueError:
        return None


def sound(raw):
    """Is it one encoding of a point on edwards25519 that is not of small order?"""
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    square = pow(u * pow(v, -1, P), (P - 1) // 2, P)
    # Small order: 8·point is the neutral element; by doubling y three times.
    if y >= P or square != 1:
        return False
    for _ in range(3):
        x2, y2 = (y * y - 1) * pow(D * y * y + 1, -1, P), y * y
        y = (y2 + x2) * pow(1 - D * x2 * y2, -1, P) % P
    return y != 1


def public_key(s):
    """The suite and bytes of a public key's text, or None."""
    name, _, data = s.partition(":")
    raw = unbase64(data)
    if name == "ed25519" and raw is not None and len(raw) == 32 and sound(raw):
        return "intl", raw
    if name == "sm2" and raw is not None and len(raw) == 65 and raw[0] == 4:
        import gmalg
        return ("gm", raw) if gmalg.SM2(uid=b"1234567812345678").verify_pk(raw) else None
    return None


def verify_raw(key, data, signature):
    suite, raw = key
    if suite == "gm":
        import gmalg
        return gmalg.SM2(uid=b"1234567812345678", pk=raw).verify(data, signature[:32], signature[32:])
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, data)
        return sound(signature[:32])
    except InvalidSignature:
        return False


def signed_by(key, kind, v, signature):
    name, _, data = signature.partition(":")
    raw = unbase64(data, 64)
    fits = raw is not None and name == {"gm": "sm2", "intl": "ed25519"}[key[0]]
    return fits and re.fullmatch(r"[a-z0-9-]+", kind) is not None and verify_raw(key, signing_bytes(kind, v), raw)


# Shapes: a type, a test, [one] for a list, a tuple for "one of these words", a dict for exactly these members.
def integer(low, high):
    return lambda v: type(v) is int and low <= v <= high


def is_digest(v):
    return type(v) is str and DIGEST.fullmatch(v) is not None


def maybe(shape):
    return lambda v: v is None or fits(v, shape)


class Absent:
    """A member that may be missing; there it has a shape."""
    def __init__(self, shape):
        self.shape = shape


def fits(v, shape):
    if isinstance(shape, dict):
        may = {k for k, s in shape.items() if isinstance(s, Absent)}
        known = type(v) is dict and shape.keys() - may <= v.keys() <= shape.keys()
        return known and all(fits(x, shape[k].shape if k in may else shape[k]) for k, x in v.items())
    if isinstance(shape, list):
        return type(v) is list and all(fits(x, shape[0]) for x in v)
    if isinstance(shape, tuple):
        return type(v) is str and v in shape
    return type(v) is shape if isinstance(shape, type) else bool(shape(v))


U32, U64, I64 = integer(0, 2**32 - 1), integer(0, MAX_INT), integer(-MAX_INT, MAX_INT)
SUITE, CLOCK, LOG = ("gm", "intl"), ("real", "simulated"), ("platform", "zone")
ANY = lambda v: True  # noqa: E731
SIGNED = {"body": ANY, "key": str, "signature": str}
ENTRY = {"key": str, "public": public_key, "holder": dict, "valid_from": I64, "revoked_at": maybe(I64)}
KEY_LIST = {"v": U32, "deployment": str, "number": U64, "clock": CLOCK, "issued_at": I64, "entries": [ENTRY]}
PROVED = {"index": U64, "leaf": str, "sm3_proof": [str], "sha256_proof": [str]}
TRUST = {"v": U32, "deployment": str, "city": str, "suite": SUITE, "clock": CLOCK, "root": public_key,
         "pack": {"name": str, "version": str, "digest": is_digest}, "created_at": I64,
         "witnesses": Absent({"k": U32, "keys": [str]})}
WITNESSED = {"log": LOG, "witness": str, "note": str, "sm3_proof": [str], "sha256_proof": [str]}
EVIDENCE = SIGNED | {"body": {
    "v": U32, "deployment": str, "suite": SUITE, "clock": CLOCK, "subject": {"kind": str, "id": str}, "made_at": I64,
    "root": public_key, "trust_digest": maybe(is_digest), "key_lists": [SIGNED],
    "logs": lambda v: type(v) is dict and all(
        name in LOG and fits(part, {"checkpoint": str, "leaves": [PROVED]}) for name, part in v.items()),
    "anchors": [{"log": LOG, "size": U64, "proof": [str]}],
    "witnessed": Absent(lambda v: fits(v, [WITNESSED]) and v != []), "statements": [SIGNED | {"type": str}],
    "documents": [{"name": str, "media_type": str, "type": maybe(str), "digest": is_digest, "content": str}],
    "story": [{"n": U64, "zh": str, "en": str, "article": maybe(str), "leaf": maybe(U64)}]}}
ID = lambda v: type(v) is str and re.fullmatch(r"[!-~]{1,256}", v)  # noqa: E731
NAME = lambda v: type(v) is str and re.fullmatch(r"[a-z0-9_]{1,64}", v)  # noqa: E731
CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f]")
LINE = lambda v: type(v) is str and 1 <= len(v.encode()) <= 256 and not CONTROL.search(v)  # noqa: E731
LEAF = {"v": integer(1, 1), "log": LOG, "at": I64, "kind": NAME, "case": maybe(ID), "case_seq": maybe(U64),
        "prev": maybe(ID), "actor": maybe(ID), "org": maybe(ID), "outcome": ("done", "refused"), "rule": maybe(ID),
        "article": maybe(LINE), "object": maybe(ID),
        "refs": lambda v: type(v) is dict and len(v) <= 64 and all(NAME(k) and ID(x) for k, x in v.items())}


def member(v, *path):
    for name in path:
        v = v.get(name) if type(v) is dict else None
    return v


def word(v, *path):
    found = member(v, *path)
    return found if type(found) is str else None


def agrees(says, other, same):
    """Whether members are there, not null, and what the other's of a name are."""
    return all(member(other, b) is not None and canonical(member(says, a)) == canonical(member(other, b))
               for a, b in same.items())


def same(a, b, name):
    """Whether a member is absent in both, or there in both and the same. Python's == takes 1 and true for one."""
    return (name in a) == (name in b) and canonical(a.get(name)) == canonical(b.get(name))


def alike(says, other, name):
    """Whether both have the same under a name, where absent and null are both none."""
    return canonical(member(says, name)) == canonical(member(other, name))


def number(v, name):
    found = member(v, name)
    return found if fits(found, I64) else None


# Trees (RFC 9162, 2.1.3.2 and 2.1.4.2).
def inner(alg, left, right):
    return h(alg, b"\1" + left + right)


def included(alg, leaf, index, size, proof, root):
    if index >= size:
        return False
    at, last, node = index, size - 1, h(alg, b"\0" + leaf)
    for p in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = inner(alg, p, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = inner(alg, node, p)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def consistent(alg, old, new, proof):
    (size, root), (new_size, new_root) = old, new
    if size == new_size:
        return not proof and root == new_root
    if size == 0:
        return not proof and root == h(alg, b"")
    at, last = size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    rest = list(proof) if size & (size - 1) else [root, *proof]
    if not rest:
        return False
    a = b = rest[0]
    for c in rest[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            a, b = inner(alg, c, a), inner(alg, c, b)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            b = inner(alg, b, c)
        at, last = at >> 1, last >> 1
    return last == 0 and a == root and b == new_root


def nodes(texts):
    found = [unbase64(t, 32) for t in texts]
    return None if None in found else found


def in_force(entry, at):
    return entry["valid_from"] <= at and (entry["revoked_at"] is None or at < entry["revoked_at"])


def kind_of(entry):
    return word(entry, "holder", "kind") or ""


WITNESS = re.compile(r"[a-z][a-z0-9.-]{0,63}")
DEEDS = {"destroyed": ("withdraw", "resource_destroyed", True), "sealed": ("seal", "resource_sealed", False),
         "unsealed": ("unseal", "resource_unsealed", False)}
# Of each type of certificate: the code of one that says something else, its members, what it is about, what its order has too.
SHARED = {"at", "case", "id", "keys", "objects", "report", "what"}
CERTIFICATES = {
    "resource-certificate": ("certificate", SHARED | {"deed", "provider", "resource"}, "resource",
                             {"resource": "resource", "provider": "provider"}),
    "destruction-certificate": ("destruction", SHARED | {"authorisation", "operator"}, "authorisation",
                                {"authorisation": "authorisation"})}
COSIGNS = {"intl": b"\4", "gm": b"\xffyunyu/sm2-with-sm3-cosignature"}


def mark_of(name, key):
    """The first bytes of a cosignature by this key."""
    return h("sha256", name.encode() + b"\n" + COSIGNS[key[0]] + key[1])[:4]


def witness_key(s):
    """Name and key of a witness's `<name>+<key hash>+<base64>`, or None."""
    name, _, rest = s.partition("+")
    data = unbase64(rest.partition("+")[2])
    for suite, prefix in COSIGNS.items() if data and WITNESS.fullmatch(name) else ():
        word = {"gm": "sm2", "intl": "ed25519"}[suite]
        key = public_key(f"{word}:{base64.b64encode(data[len(prefix):]).decode()}")
        if data.startswith(prefix) and key and rest.partition("+")[0] == mark_of(name, key).hex():
            return name, key
    return None


def witness_keys(policy):
    """Keys by name of the witnesses that a trust file asks for; None where it is not sound."""
    read = [witness_key(s) for s in policy["keys"]]
    sound = None not in read and len(dict(read)) == len(set(k for _, k in read)) == len(read)
    return dict(read) if sound and 1 <= policy["k"] <= len(read) else None


def checkpoint(note, suite_of_lists, log, deployment, clock, entries, digests, lines=0):
    """Reads a checkpoint and checks it; gives size, both roots, anchors, text and the lines below its own signature."""
    own = note.split("\n\n", 1)
    own = own[0] + "\n\n" + "".join(own[1].partition("\n")[:2]) if len(own) == 2 else note
    more = note[len(own):]
    need(lines or not more, "malformed")
    note, more = own, more.split("\n")
    need(more.pop() == "" and len(more) <= 64, "malformed")
    more = [re.fullmatch(r"— ([^ ]*) ([^\n]*)", x) for x in more]
    need(None not in more, "malformed")
    more = [(x[1], unbase64(x[2])) for x in more]
    need(all(blob is not None for _, blob in more), "malformed")
    found = re.fullmatch(
        r"(?P<text>(?P<origin>[!-*,-~]+)\n(?P<size>\d+)\n(?P<sha256>\S+)\nsm3 (?P<sm3>\S+)\nsuite (?P<suite>[^\n]*)\n"
        r"clock (?P<clock>[^\n]*)\ntime (?P<time>-?\d+)\n(?:keys (?P<number>\d+) (?P<keys>\S+)\n)?"
        r"(?:deployment (?P<facts>\S+)\n)?(?P<rest>(?:[^\n]+\n)*))\n— (?P<by>\S+) (?P<blob>\S+)\n", note)
    need(found, "malformed")
    m = found.groupdict()
    need(m["suite"] in SUITE, "corrupt")
    decimal = lambda t, bits: str(int(t)) == t and -(2**63) <= int(t) < 2**bits  # noqa: E731
    roots = nodes([m["sha256"], m["sm3"]] + [m[n] for n in ("keys", "facts") if m[n]])
    blob = unbase64(m["blob"], 68)
    need(roots and blob and m["clock"] in CLOCK and m["by"] == m["origin"], "malformed")
    need(decimal(m["size"], 64) and decimal(m["time"], 63) and (not m["keys"] or decimal(m["number"], 64)), "malformed")
    anchors, others = [], False
    for line in m["rest"].split("\n")[:-1]:
        name, *parts = line.split(" ")
        need(not CONTROL.search(line), "malformed")
        need(name not in ("sm3", "suite", "clock", "time", "keys", "deployment"), "malformed")
        if name == "anchor":
            root = unbase64(parts[2], 32) if len(parts) == 3 and parts[1].isdecimal() else None
            need(root is not None and decimal(parts[1], 64) and not others, "malformed")
            anchors.append((parts[0], int(parts[1]), root))
        others = others or name != "anchor"
    need(m["origin"] == f"{deployment}/{log}" and m["clock"] == clock, "other_log")
    need(m["suite"] == suite_of_lists, "other_suite")
    held = False
    for e in entries:
        suite, raw = public_key(e["public"])
        mark = {"gm": b"\xffyunyu/sm2-with-sm3", "intl": b"\1"}[suite]
        named = h("sha256", m["origin"].encode() + b"\n" + mark + raw)[:4] == blob[:4] and suite == m["suite"]
        held = held or (kind_of(e) == f"{log}_log" and in_force(e, int(m["time"])) and named
                        and verify_raw((suite, raw), m["text"].encode(), blob[4:]))
    need(held, "signature")
    if m["keys"]:
        need(1 <= int(m["number"]) <= len(digests) and digests[int(m["number"]) - 1] == roots[2], "key_list")
    return {"origin": m["origin"], "size": int(m["size"]), "sha256": roots[0], "sm3": roots[1], "anchors": anchors,
            "text": m["text"], "time": int(m["time"]), "lines": more}


class Verifier:
    """One run; `quorum(order, acts, entries)` says whether approvals suffice, or is None where nobody counts them."""

    def __init__(self, quorum):
        self.quorum, self.counts, self.clock = quorum, {}, None

    def count(self, name, n=1):
        self.counts[name] = self.counts.get(name, 0) + n

    def run(self, data, trust):
        file = from_canonical(data)
        need(fits(file, EVIDENCE), "malformed")
        self.b = b = file["body"]
        need(b["v"] == 1, "version", "body.v")
        self.clock, self.suite, self.alg = b["clock"], b["suite"], ALG[b["suite"]]
        if trust:
            need(b["root"] == trust["root"], "other_root", "body.root")
            own = text(ALG[trust["suite"]], signing_bytes("trust", {n: v for n, v in trust.items() if n != "witnesses"}))
            need(all(b[n] == trust[n] for n in ("deployment", "suite", "clock")), "other_trust", "body")
            need(b["trust_digest"] in (None, own), "other_trust", "body")
        self.key_lists()
        self.count("key_lists", len(b["key_lists"]))
        agree = all(self.list[n] == b[n] for n in ("deployment", "clock")) and public_key(b["root"])[0] == self.suite
        need(agree, "other_deployment", "body.key_lists")
        entry = self.valid(file["key"], b["made_at"])
        held = entry and kind_of(entry) == "platform"
        need(held and signed_by(public_key(entry["public"]), "evidence", b, file["signature"]), "seal", "signature")
        self.checkpoints()
        self.anchors()
        self.witnessed(trust["witnesses"] if trust and "witnesses" in trust else None)
        self.leaves()
        self.statements()
        self.documents()
        self.subject()
        shown = {p["index"] for p in b["logs"]["platform"]["leaves"]}
        for i, s in enumerate(b["story"]):
            need(s["n"] == i + 1 and (s["leaf"] is None or s["leaf"] in shown), "story", f"body.story[{i}]")

    def digest(self, kind, v):
        return text(self.alg, signing_bytes(kind, v))

    def valid(self, key, at):
        return next((e for e in self.list["entries"] if e["key"] == key and in_force(e, at)), None)

    def key_lists(self):
        bad = ("malformed", "body.key_lists")
        root, before = public_key(self.b["root"]), None
        name = lambda p: h(ALG[public_key(p)[0]], b"yunyu/key-id/v1\n" + p.encode())[:16].hex()  # noqa: E731
        for n, s in enumerate(self.b["key_lists"], 1):
            need(s["key"] == name(self.b["root"]) and signed_by(root, "key-list", s["body"], s["signature"]), *bad)
            now = s["body"]
            need(fits(now, KEY_LIST) and now["v"] == 1 and now["number"] == n, *bad)
            entries = {e["key"]: e for e in now["entries"]}
            need(len(entries) == len(now["entries"]), *bad)
            for e in now["entries"]:
                need(e["key"] == name(e["public"]) and public_key(e["public"])[0] == root[0] and kind_of(e), *bad)
            if before:
                need(all(before[m] == now[m] for m in ("deployment", "clock")), *bad)
                need(before["issued_at"] <= now["issued_at"], *bad)
                for old in before["entries"]:
                    new = entries.get(old["key"])
                    need(new and new["valid_from"] == old["valid_from"] and kind_of(new) == kind_of(old), *bad)
                    need(old["revoked_at"] in (None, new["revoked_at"]), *bad)
            before = now
        need(before, *bad)
        self.list = before

    def checkpoints(self):
        self.digests = [h(self.alg, canonical(s)) for s in self.b["key_lists"]]
        self.heads = {}
        for log in (log for log in LOG if log in self.b["logs"]):
            with at_place(f"body.logs.{log}.checkpoint"):
                self.heads[log] = self.vouched(log, self.b["logs"][log]["checkpoint"])
                need(self.heads[log]["time"] <= self.b["made_at"] + SKEW, "time")
        need("platform" in self.heads, "missing", "body.logs")

    def vouched(self, log, note, lines=0):
        args = self.list["deployment"], self.list["clock"], self.list["entries"], self.digests, lines
        return checkpoint(note, self.suite, log, *args)

    def witnessed(self, policy):
        """Checks the cosigned checkpoints; afterwards `unseen` names the logs that too few witnesses have seen far enough."""
        asked, last, sizes = witness_keys(policy) if policy else {}, (), {log: [] for log in LOG}
        for i, w in enumerate(self.b.get("witnessed", [])):
            with at_place(f"body.witnessed[{i}]"):
                need(last < (w["log"], w["witness"]), "order")
                last = w["log"], w["witness"]
                need(w["log"] in self.heads, "missing")
                seen, own = self.vouched(w["log"], w["note"], 1), self.heads[w["log"]]
                need(seen["size"] <= own["size"], "rolled_back")
                for alg in ("sm3", "sha256"):
                    proof = nodes(w[f"{alg}_proof"])
                    pair = (seen["size"], seen[alg]), (own["size"], own[alg])
                    need(proof is not None and consistent(alg, *pair, proof), "anchor")
                counted = self.cosigned(w["witness"], seen, asked)
                self.count("unknown_witnesses" if counted is None else "cosignatures")
                sizes[w["log"]] += [seen["size"]] if counted else []
        self.unseen = []
        for log, part in self.b["logs"].items() if policy else ():
            least = max((p["index"] for p in part["leaves"]), default=-1) + 1
            enough = sum(size >= least for size in sizes[log]) >= policy["k"]
            self.unseen += [log] if least and not enough else []

    def cosigned(self, name, seen, asked):
        """Has a witness of this name signed, and is it one that is asked for? None where nobody knows it."""
        need(len(seen["lines"]) == 1 and WITNESS.fullmatch(name) and seen["lines"][0][0] == name, "cosignature")
        blob = seen["lines"][0][1]

        def signed(key):
            if len(blob) < 4 or blob[:4] != mark_of(name, key):
                return None
            need(len(blob) == 76, "cosignature")
            at = int.from_bytes(blob[4:12], "big")
            need(verify_raw(key, f"cosignature/v1\ntime {at}\n{seen['text']}".encode(), blob[12:]), "cosignature")
            return at

        counted = name in asked and signed(asked[name]) is not None
        known = counted
        listed = [e for e in self.list["entries"] if kind_of(e) == "witness" and word(e, "holder", "name") == name]
        for e in listed:
            at = signed(public_key(e["public"]))
            need(at is None or at * 1000 < 2**63 and in_force(e, at * 1000), "cosignature")
            known = known or at is not None
        need(known or name not in asked and not listed, "cosignature")
        return counted if known else None

    def anchors(self):
        wanted = []
        for log, own in self.heads.items():
            others = [a for other, c in self.heads.items() if other != log for a in c["anchors"]]
            wanted += [(log, *a) for a in sorted({a[1:] for a in others if a[0] == own["origin"]})]
        for i in range(max(len(wanted), len(self.b["anchors"]))):
            need(i < min(len(wanted), len(self.b["anchors"])), "anchor", f"body.anchors[{i}]")
            (log, size, root), given = wanted[i], self.b["anchors"][i]
            pair = sorted([(size, root), (self.heads[log]["size"], self.heads[log]["sm3"])], key=lambda x: x[0])
            proof = nodes(given["proof"])
            held = given["log"] == log and given["size"] == size and proof is not None
            need(held and consistent("sm3", *pair, proof), "anchor", f"body.anchors[{i}]")
            self.count("anchors")

    def leaves(self):
        self.links, self.chains = [], {}
        for log in self.heads:
            last = -1
            for i, p in enumerate(self.b["logs"][log]["leaves"]):
                place = f"body.logs.{log}.leaves[{i}]"
                need(p["index"] > last, "order", place)
                last, data = p["index"], unbase64(p["leaf"])
                need(data is not None, "malformed", place)
                for alg in ("sm3", "sha256"):
                    proof, head = nodes(p[f"{alg}_proof"]), self.heads[log]
                    need(proof is not None, "malformed", place)
                    need(included(alg, data, last, head["size"], proof, head[alg]), "malformed", place)
                with at_place(place, "corrupt"):
                    leaf = from_canonical(data)
                    need(len(data) < 65536 and fits(leaf, LEAF), "corrupt")
                case, seq, prev = leaf["case"], leaf["case_seq"], leaf["prev"]
                whole = (seq is None and prev is None) if case is None else (
                    seq == 1 if prev is None else seq is not None and seq > 1 and is_digest(prev))
                need(whole, "corrupt", place)
                need(leaf["log"] == log, "malformed", place)
                need(leaf["at"] <= head["time"] + SKEW, "time", place)
                link = leaf | {"place": place, "index": last, "hash": text(self.alg, b"\0" + data)}
                if case is not None:
                    chain = self.chains.setdefault((log, case), [])
                    need(seq == len(chain) + 1 and prev == (chain[-1]["hash"] if chain else None), "chain", place)
                    chain.append(link)
                self.links.append(link)
                self.count("leaves")
                self.count("proofs", 2)
        self.count("cases", len(self.chains))

    def statements(self):
        self.known, last = {}, ("", "")
        for i, s in enumerate(self.b["statements"]):
            place = f"body.statements[{i}]"
            key = (s["type"], self.digest("signed", {n: s[n] for n in ("body", "key", "signature")}))
            need(key > last, "order", place)
            last = key
            with at_place(place):
                self.statement(s, key[1])
            self.known[key] = s
            self.count("statements")
        for link in (x for x in self.links if x["outcome"] == "done"):
            for ref in (r for r in link["refs"].items() if r[0] in REFERRED and is_digest(r[1])):
                need(ref in self.known, "statement_missing", link["place"])
        for i, s in enumerate(self.b["statements"]):
            if s["type"] == "order":
                with at_place(f"body.statements[{i}]"):
                    self.order(s)
                self.count("orders")

    def statement(self, s, digest):
        kind, body = s["type"], s["body"]
        need(not isinstance(body, dict) or body.get("deployment", self.b["deployment"]) == self.b["deployment"],
             "other_deployment")
        names = (kind,) if kind in REFERRED else None
        link = next((x for x in self.links if any(
            d == digest and (names is None or n in names) for n, d in x["refs"].items())), None)
        need(link, "not_recorded")
        at = next((t for t in (number(body, "at"), number(body, "issued_at")) if t is not None), link["at"])
        entry = self.valid(s["key"], at)
        need(entry and in_force(entry, at if kind == "report" else link["at"]), "key")
        need(signed_by(public_key(entry["public"]), kind, body, s["signature"]), "signature")
        need(at <= link["at"] + SKEW, "time")
        own = all(word(body, n) and word(body, n) == word(entry, "holder", n) for n in ("person", "org"))
        makers = {"act": ["person"], "order": ["platform"], "report": ["zone"]}
        need(kind_of(entry) in makers.get(kind, ["person", "platform", "zone"]) and (kind != "act" or own), "holder")
        if kind not in REFERRED:
            return
        case = word(body, "case")
        if case is None:
            return need(kind == "report", "case")
        need(link["log"] == "platform" and link["case"] == case, "case")
        if kind == "report":
            heads = {x["hash"] for x in self.chains.get(("zone", case), [])}
            need(word(body, "zone_head") is None or word(body, "zone_head") in heads, "head")
        before = [x for x in self.chains[("platform", case)] if x["case_seq"] < link["case_seq"]]
        head = word(body, "head" if kind == "act" else "case_head")
        if head is None:
            stated = any(n in REFERRED and is_digest(d) for x in before for n, d in x["refs"].items())
            return need(kind == "report" or kind == "act" and not stated, "head")
        bound = next((x for x in before if x["hash"] == head), None)
        need(bound, "head")
        need(kind == "report" or bound["at"] <= at + SKEW, "time")

    def order(self, s):
        body = s["body"]
        need((number(body, "key_list") or 0) <= self.list["number"], "key_list")
        obj, acts = self.digest("object", member(body, "effect", "object")), []
        given = member(body, "approvals")
        for approval in given if type(given) is list else []:
            act = self.known.get(("act", self.digest("signed", approval)))
            need(act, "approval")
            approves = word(act["body"], "decision") == "approve" and word(act["body"], "object") == obj
            need(approves and word(act["body"], "case") == word(body, "case"), "approval")
            acts.append(act)
        need(self.quorum is None or self.quorum(s, acts, self.list["entries"], obj) is None, "quorum")

    def documents(self):
        named, docs, last = set(), [], None
        for x in self.links:
            named |= {d for d in (*x["refs"].values(), x["object"]) if d and is_digest(d)}
        for s in self.b["statements"]:
            self.collect(s["body"], named, True)
        for i, d in enumerate(self.b["documents"]):
            place, data = f"body.documents[{i}]", unbase64(d["content"])
            need(last is None or last < d["name"], "order", place)
            last = d["name"]
            need(data is not None, "malformed", place)
            with at_place(place):
                whole = data if d["type"] is None else signing_bytes(d["type"], from_canonical(data))
            need(text(d["digest"].partition(":")[0], whole) == d["digest"], "digest", place)
            docs.append((place, d["digest"], data))
            self.count("documents")
        while docs:
            bound = [d for d in docs if d[1] in named]
            need(bound, "not_named", docs[0][0])
            docs = [d for d in docs if d[1] not in named]
            for _, _, data in bound:
                self.collect(from_json(data), named, False)

    def collect(self, v, out, held):
        """Digests that stand in a value; with `held` also those of its texts, arrays and objects themselves."""
        if type(v) is str:
            out |= ({v} if is_digest(v) else set()) | ({text(self.alg, v.encode())} if held else set())
        elif isinstance(v, (dict, list)):
            for x in v.values() if type(v) is dict else v:
                self.collect(x, out, held)
            out |= {text(self.alg, canonical(v))} if held else set()

    def subject(self):
        kind, what = self.b["subject"]["kind"], self.b["subject"]["id"]
        check = {"product": self.product, "decision": self.decision, "query_history": self.history,
                 "destruction": self.destruction, "resource_certificate": self.resource_certificate}.get(kind)
        self.certificates()
        need(check, "subject", "body.subject")
        check(what)

    def document(self, kind, digest):
        return next((d for d in self.b["documents"] if d["type"] == kind and d["digest"] == digest), None)

    def decision(self, case):
        need(self.chains.get(("platform", case)), "incomplete", "body.logs")
        acts = [s["body"] for (k, _), s in self.known.items() if k == "act" and word(s["body"], "case") == case]
        need(acts, "incomplete", "body.statements")
        for act in acts:
            shown = {kind: self.document(kind, word(act, kind)) for kind in ("object", "documents")}
            without = word(act, "documents") == self.digest("documents", {})
            need(shown["object"] and (shown["documents"] or without), "incomplete", "body.documents")

    def history(self, person):
        own = [x for x in self.links if x["actor"] == person]
        need(own, "incomplete", "body.logs")
        cases = {x["case"] for x in own} - {None}
        for x in self.links:
            need(x["actor"] == person or x["case"] in cases, "history", x["place"])
        told = {s["leaf"] for s in self.b["story"]}
        need(all(x["index"] in told for x in own if x["log"] == "platform"), "incomplete", "body.story")

    def destruction(self, what):
        self.shows("destruction-certificate", "authorisation", what)

    def resource_certificate(self, what):
        self.shows("resource-certificate", "id", what)

    def shows(self, kind, name, what):
        own = (from_canonical(unbase64(d["content"])) for d in self.b["documents"] if d["type"] == kind)
        need(what and any(word(says, name) == what for says in own), "incomplete", "body.documents")

    def certificates(self):
        """Every certificate that the file shows holds, member by member, whatever the file is about."""
        for i, d in enumerate(self.b["documents"]):
            with at_place(f"body.documents[{i}]"):
                if d["type"] in CERTIFICATES:
                    self.certified(d["type"], d["digest"], from_canonical(unbase64(d["content"])))
                elif d["type"] == "certificate":
                    self.registered(d["digest"], from_canonical(unbase64(d["content"])))

    def certified(self, kind, named, says):
        code, members, about, more = CERTIFICATES[kind]
        found = DEEDS.get(word(says, "deed")) if kind == "resource-certificate" else ("destroy", "destroyed", True)
        need(found, code)
        effect, outcome, gone = found
        need(type(says) is dict and says.keys() <= members and word(says, "id"), code)
        recorder = lambda digest: next(x for x in self.links if x["refs"].get("report") == digest)  # noqa: E731
        reports = [(s["body"], recorder(d)) for (k, d), s in self.known.items()
                   if k == "report" and word(s["body"], "zone_head") is not None]
        report, leaf = next(((b, x) for b, x in reports if x["refs"].get("certificate") == named), (None, None))
        need(report, "incomplete")
        same = {about: about, "case": "case", "keys": "keys", "report": "seq"}
        if gone:
            fine = agrees(says, report, {"objects": "objects"}) and alike(says, report, "what")
        else:
            fine = number(says, "objects") == 0 and says.get("what") is None
        fine = fine and number(says, "at") == leaf["at"] and word(report, "outcome") == outcome
        need(fine and agrees(says, report, same), code)
        orders = [s["body"] for (k, _), s in self.known.items() if k == "order"]
        ordered = (word(b, "effect", "effect") == effect and agrees(says, member(b, "effect", "object"), more)
                   and word(report, "order") is not None and word(report, "order") == word(b, "id")
                   and word(report, "case") == word(b, "case") for b in orders)
        need(any(ordered), "incomplete")
        if kind == "destruction-certificate":
            granted = self.objects("authorise", "authorisation", word(says, "authorisation") or "")
            need(granted, "incomplete")
            need(any(agrees(says, o, {"operator": "operator"}) for o in granted), code)

    def registered(self, named, says):
        """The certificate of a product says what the object of its registration says; the zone released the artefact."""
        whole = type(says) is dict and says.keys() <= {"artefact", "at", "holder", "id", "number", "product"}
        need(whole and word(says, "id") and word(says, "number"), "certificate")
        leaf = next((x for x in self.links if x["outcome"] == "done" and x["log"] == "platform"
                     and x["refs"].get("certificate") == named), None)
        found = leaf and self.document("object", leaf["object"])
        need(found, "incomplete")
        near = number(says, "at") is not None and abs(number(says, "at") - leaf["at"]) <= SKEW
        same = {"product": "product", "artefact": "artefact", "holder": "operator"}
        need(near and agrees(says, from_canonical(unbase64(found["content"])), same), "certificate")
        reports = [s["body"] for (k, _), s in self.known.items() if k == "report"]
        need(any(word(r, "outcome") == "released" and agrees(says, r, {"product": "product", "artefact": "artefact"})
                 for r in reports), "incomplete")

    def objects(self, effect, name, what):
        """Objects of the orders of an effect about one thing, of those that a report says the zone took."""
        bodies = lambda kind: [s["body"] for (k, _), s in self.known.items() if k == kind]  # noqa: E731
        taken = {(word(r, "order"), word(r, "case")) for r in bodies("report")
                 if word(r, "outcome") in ("applied", "job_done", "released")}
        found = [member(b, "effect") for b in bodies("order") if word(b, "id") and (word(b, "id"), word(b, "case")) in taken]
        return [e["object"] for e in found if what and word(e, "effect") == effect and word(e, "object", name) == what]

    def one(self, effect, name, what):
        found = self.objects(effect, name, what)
        need(found, "incomplete", "body.statements")
        return found[0]

    def report(self, outcome, name, what):
        bodies = [s["body"] for (k, _), s in self.known.items() if k == "report"]
        found = [b for b in bodies if word(b, "outcome") == outcome and (word(b, name) or "") == what]
        need(found, "incomplete", "body.statements")
        return found[0]

    def product(self, what):
        first = None
        for release in self.objects("release", "product", what):
            try:
                return self.release(release)
            except Fault as f:
                first = first or f
        raise first or Fault("incomplete", "body.statements")

    def authorised(self, grant, resources):
        """The order that brought the grant's authorisation: of its operator, over its resources and their providers."""
        found = self.objects("authorise", "authorisation", word(grant, "authorisation") or "")
        named = [a for a in found if word(a, "operator") is not None and word(a, "operator") == word(grant, "operator")]
        need(named, "incomplete", "body.statements")
        scope = lambda a: all(p is not None and word(a, "resources", r) == p for r, p in resources.items())  # noqa: E731
        need(any(scope(a) for a in named), "release", "body.statements")

    def release(self, release):
        job = self.one("job", "job", word(release, "job") or "")
        grant = self.one("grant", "grant", word(job, "grant") or "")
        resources = member(grant, "resources")
        self.authorised(grant, resources if type(resources) is dict else {})
        for resource in resources if type(resources) is dict else []:
            self.one("resource", "resource", resource)
        done = self.report("job_done", "job", word(release, "job") or "")
        measured = all(n in done and same(done, release, n) for n in ("artefact", "gate_report"))
        need(measured and word(done, "verdict") != "block", "release", "body.statements")
        out = self.report("released", "product", word(release, "product") or "")
        need(same(out, release, "artefact"), "release", "body.statements")


def verify(data, trust_data=None, packs=None):
    """The verdict; `packs` holds the texts of the rule packs by `layer/path`, where there are any."""
    result = {"valid": False, "trusted": False, "checked": {}, "clock": None, "failure": None, "unproved": None}
    run = None
    try:
        trust = None
        if trust_data is not None:
            trust = from_canonical(trust_data)
            fine = fits(trust, TRUST) and trust["v"] == 1 and public_key(trust["root"])[0] == trust["suite"]
            fine = fine and ("witnesses" not in trust or witness_keys(trust["witnesses"]) is not None)
            need(fine, "malformed", "trust")
        quorum = None
        if packs is not None:
            import quorum as rules
            quorum = rules.pinned(packs, trust, signing_bytes) if trust else rules.named(packs)
            need(quorum, "other_pack", "trust")
        run = Verifier(quorum)
        run.run(data, trust)
        trusted = trust is not None and quorum is not None and not run.unseen
        result |= {"valid": True, "trusted": trusted, "unseen": run.unseen}
        result["unproved"] = "leaves after the last bound head of each case; the words of the story" + (
            "" if quorum else "; whether the approvals suffice (no --packs)") + "".join(
            f"; too few witnesses have seen every leaf of {log} here" for log in run.unseen)
    except Fault as f:
        result["failure"] = {"what": f.what, "file": f.file}
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
        # A value of another kind than its place has.
        result["failure"] = {"what": "malformed", "file": ""}
    return result | ({"checked": run.counts, "clock": run.clock} if run else {})


def main():
    """Exit code 0 for a file that is what was asked for, 1 for one that is not, 2 where none could be read."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("evidence")
    args.add_argument("--trust")
    args.add_argument("--packs")
    args = args.parse_args()
    packs = None
    read = lambda path: open(path, "rb").read()  # noqa: E731
    try:
        if args.packs:
            import quorum as rules
            os.listdir(args.packs)
            packs = rules.read(args.packs)
        files = read(args.evidence), read(args.trust) if args.trust else None
    except (OSError, UnicodeDecodeError) as e:
        print(f"verify_evidence.py: {e}", file=sys.stderr)
        sys.exit(2)
    result = verify(*files, packs)
    print(json.dumps(result, ensure_ascii=False))
    sys.exit(0 if result["valid"] and (result["trusted"] or not args.trust) else 1)


if __name__ == "__main__":
    main()
