"""Judges many evidence files: on each line of standard input the paths of an evidence file and
a trust file (or null) as a JSON list, on standard output the verdict on each. An argument is the folder of the packs."""
import functools, json, pathlib, sys

import quorum
import verify_evidence as v

# The same signatures and keys stand in many of these files.
v.verify_raw = functools.lru_cache(None)(v.verify_raw)
v.public_key = functools.lru_cache(None)(v.public_key)
packs = quorum.read(sys.argv[1]) if sys.argv[1:] else None
for line in sys.stdin:
    evidence, trust = (pathlib.Path(p).read_bytes() if p else None for p in json.loads(line))
    print(json.dumps(v.verify(evidence, trust, packs)), flush=True)
