"""The approvals that an order must carry, read from the texts of the rule packs (docs/evidence.md, "Approvals").

A refusal is a text (its code); `None` means that the approvals suffice."""
import pathlib, tomllib

from verify_evidence import ALG, I64, U32, U64, fits, integer, maybe, member, text, word

SKEW, DAY = 30_000, 86_400_000
ACT = {"v": U32, "deployment": str, "case": str, "procedure": str, "step": str, "decision": ("approve", "reject"),
       "object": str, "documents": str, "person": str, "org": str, "at": I64}
ORDER = {"v": U32, "deployment": str, "id": str, "seq": U64, "case": str, "case_head": str, "key_list": U64,
         "pack": str, "issued_at": I64, "expires": I64, "effect": {"effect": str, "object": dict}, "approvals": list}
TEXTS = lambda v: type(v) is dict and all(type(x) is str for x in v.values())  # noqa: E731
FIELDS = lambda v: type(v) is dict and all(fits(x, [str]) for x in v.values())  # noqa: E731
STOP = dict.fromkeys(("authorisation", "ground", "article"), str)
RESOURCE_STOP = dict.fromkeys(("resource", "provider", "ground", "article"), str)
OBJECTS = {
    "authorise": {"authorisation": str, "announcement": str, "operator": str, "uscc": str, "resources": TEXTS,
                  "legal_form": ("legal_person", "unincorporated", "natural_person"),
                  "mode": ("overall", "sector", "scenario", "graded"), "term_months": integer(-2**31, 2**31 - 1)},
    "resource": dict.fromkeys(("resource", "table", "provider", "contract", "contract_digest"), str),
    "grant": dict.fromkeys(("grant", "authorisation", "scenario", "operator", "purpose"), str)
    | {"resources": TEXTS, "fields": FIELDS, "until": I64},
    "job": dict.fromkeys(("job", "grant", "sql", "author", "author_org", "product"), str),
    "release": dict.fromkeys(
        ("job", "product", "artefact", "gate_report", "author", "author_org", "scenario"), str),
    "recipient": dict.fromkeys(("order", "product", "consumer", "operator", "scenario", "access_key"), str)
    | {"until": I64},
    "suspend": STOP, "restore": STOP, "destroy": STOP,
    "withdraw": RESOURCE_STOP, "seal": RESOURCE_STOP, "unseal": RESOURCE_STOP}
# Members that may be null or missing.
MAYBE = {"authorise": {"domain": maybe(str), "renewal_of": maybe(str)}, "resource": {"replaces": maybe(str)}}
PARTY = {"the_operator": ("operator", "operator"), "the_author_org": ("operator", "author_org"),
         "the_consumer": ("data_consumer", "consumer"), "the_provider": ("data_provider", "provider")}
NOBODY = ("the_applicant", "anyone", "clock")
MAY_GRANT = {"data_authority", "implementing_agency", "data_provider"}


class Refused(Exception):
    pass


def refuse_unless(holds, code):
    if not holds:
        raise Refused(code)


def read(folder):
    """Texts of the packs in a folder by `layer/path`."""
    root = pathlib.Path(folder)
    # The calendar of days off is no part of a pack: it grows every year, under the same version.
    files = (p for p in root.glob("*/**/*") if p.suffix in (".toml", ".cedar")
             and p.relative_to(root).parts[1:] != ("calendar.toml",))
    return {p.relative_to(root).as_posix(): p.read_text("utf-8") for p in files}


class Pack:
    """A pack by the name of its last layer: product ← national ← city, the later layer over the earlier."""

    def __init__(self, texts, name):
        self.ints, self.effects, self.procedures, layers = {}, {}, {}, []
        above = name
        while above:
            refuse_unless(above not in layers and f"{above}/pack.toml" in texts, "unknown-pack")
            layers.insert(0, above)
            above = tomllib.loads(texts[f"{above}/pack.toml"]).get("inherits")
        self.texts = {path: t for path, t in texts.items() if path.split("/")[0] in layers}
        versions = []
        for layer in layers:
            pack = tomllib.loads(texts[f"{layer}/pack.toml"])
            versions.append(str(pack["version"]))
            self.effects |= pack.get("effects", {})
            for parameter, p in tomllib.loads(texts.get(f"{layer}/parameters.toml", "")).items():
                self.ints[parameter] = p.get("value") if type(p.get("value")) is int else None
            for path in (p for p in texts if p.startswith(f"{layer}/procedures/")):
                procedure = tomllib.loads(texts[path])
                self.procedures[procedure["name"]] = {s["name"]: s for s in procedure["steps"]}
        self.version = f"{name}@{'.'.join(versions)}"


def pinned(texts, trust, signing_bytes):
    """The rule of the pack that the trust file pins; None where that pack is not among the texts."""
    try:
        pack = Pack(texts, trust["pack"]["name"])
    except Refused:
        return None
    digest = text(ALG[trust["suite"]], signing_bytes("pack", pack.texts))
    same = pack.version == trust["pack"]["version"] and trust["city"] == trust["pack"]["name"]
    return judge(lambda _: pack) if same and digest == trust["pack"]["digest"] else None


def named(texts):
    """Without a trust file: the rule of the pack that each order names."""
    return judge(lambda version: Pack(texts, version.partition("@")[0]))


def judge(pack_of):
    def rule(order, acts, entries, obj):
        try:
            check(pack_of(word(order["body"], "pack") or ""), order["body"], acts, entries, obj)
        except Refused as e:
            return str(e)
    return rule


def check(pack, order, acts, entries, obj):
    act_shape = lambda a: fits(a, ACT | {"head": maybe(str)} if "head" in a else ACT)  # noqa: E731
    refuse_unless(fits(order, ORDER) and all(type(a["body"]) is dict and act_shape(a["body"]) for a in acts), "shape")
    obj_said, effect = order["effect"]["object"], order["effect"]["effect"]
    shape = OBJECTS.get(effect, {}) | {n: s for n, s in MAYBE.get(effect, {}).items() if n in obj_said}
    refuse_unless(effect in OBJECTS and fits(obj_said, shape), "shape")
    refuse_unless(order["pack"] == pack.version, "pack-version")
    votes = [(a["body"], next(e["holder"] for e in entries if e["key"] == a["key"])) for a in acts]
    ways = pack.effects.get(effect, [])
    way = next((w for w in ways if any(a["procedure"] == w["procedure"] for a, _ in votes)), ways[0] if ways else None)
    refuse_unless(way, "no-quorum-rule")
    steps = pack.procedures.get(way["procedure"])
    refuse_unless(steps is not None, "unknown-procedure")
    refuse_unless(all(name in steps for name in way["steps"]), "unknown-step")
    demanded = [name for name in way["steps"] if exists(steps[name], obj_said)]
    sent = "order_" + effect
    sends = any(sent in steps[name].get("effects", []) for name in demanded)
    refuse_unless(sends or all("when" not in steps[name] for name in way["steps"]), "no-branch")
    oldest = order["issued_at"] - (pack.ints.get("approval.max_age_days") or 0) * DAY
    for act, holder in votes:
        same = all(act[n] == order[n] for n in ("deployment", "case"))
        refuse_unless(act["v"] == 1 and same, "approval-of-another-case")
        refuse_unless(act["procedure"] == way["procedure"] and act["step"] in demanded, "approval-of-another-step")
        refuse_unless(act["object"] == obj and act["decision"] == "approve", "approval-of-another-object")
        refuse_unless(oldest <= act["at"] <= order["issued_at"] + SKEW, "approval-out-of-time")
        refuse_unless(holder["kind"] == "person", "not-a-person")
        refuse_unless(all(act[n] == holder[n] for n in ("person", "org")), "approval-of-another-person")
    for name in demanded:
        check_step(pack, steps[name], obj_said, votes, demanded[0])
    place = list(steps).index
    for a, b in zip(demanded, demanded[1:]):
        earlier, later = ([act["at"] for act, _ in votes if act["step"] == s] for s in (a, b))
        backwards = place(a) < place(b) and earlier and later and min(later) + SKEW < max(earlier)
        refuse_unless(not backwards, "approvals-out-of-order")


def exists(step, obj):
    when = step.get("when")
    return when is None or word(obj, when["field"]) in when["any"]


def check_step(pack, step, obj, votes, first):
    mine = [v for v in votes if v[0]["step"] == step["name"]]
    for vote in mine:
        role = any(party(by, obj, vote[1]) for by in step["by"])
        refuse_unless(role and (not step.get("person_roles") or set(step["person_roles"]) & set(vote[1]["roles"])),
                      "approver-without-role")
        aside = any(excluded(rule, obj, vote, votes, first) for rule in step.get("not", []))
        refuse_unless(not aside, "conflict-of-interest")
    people, orgs = ({h[n] for _, h in mine} for n in ("person", "org"))
    groups = [h["group"] for _, h in mine if h.get("group") is not None]
    refuse_unless(len(people) == len(mine), "same-person-twice")
    distinct = len(orgs) == len(mine) and len(set(groups)) == len(groups)
    refuse_unless(distinct or not step.get("distinct_orgs"), "same-organisation-twice")
    if "each_provider" in step["by"]:
        refuse_unless(providers(obj) and providers(obj) <= orgs, "quorum-missing")
    else:
        least = pack.ints.get(step.get("count_param")) or 1
        refuse_unless(len(mine) >= max(step.get("count", 1), least, 1), "quorum-missing")


def providers(obj):
    resources = member(obj, "resources")
    return {o for o in resources.values() if type(o) is str} if type(resources) is dict else set()


def party(by, obj, holder):
    if by == "each_provider":
        return "data_provider" in holder["org_roles"] and holder["org"] in providers(obj)
    if by == "the_authoriser":
        return bool(MAY_GRANT & set(holder["org_roles"]))
    if by in PARTY:
        role, field = PARTY[by]
        whoever = by == "the_operator" and field not in obj
        return role in holder["org_roles"] and (whoever or word(obj, field) == holder["org"])
    return by not in NOBODY and by in holder["org_roles"]


def excluded(rule, obj, vote, votes, first):
    act, holder = vote
    if rule == "author":
        opened = {h["person"] for a, h in votes if a["step"] == first and a["step"] != act["step"]}
        return word(obj, "author") == holder["person"] or holder["person"] in opened
    named = word(obj, {"author_org": "author_org", "applicant": "operator"}.get(rule, ""))
    if rule == "author_org" or rule == "applicant" and named is not None:
        group = next((h.get("group") for _, h in votes if h["org"] == named), None)
        return named == holder["org"] or group is not None and group == holder.get("group")
    return True
