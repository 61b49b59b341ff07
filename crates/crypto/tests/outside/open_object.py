"""Opens a sealed object of suite gm as docs/envelope.md describes it, with nothing of ours: the PyPI package
cryptography (OpenSSL). Input: JSON lines of hexadecimal object, data key and context; output: the plaintexts, or
`refused`."""

import json
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


def part(data):
    return len(data).to_bytes(8, "big") + data


def opened(sealed, data_key, parts):
    if sealed[:11] != b"YUNYUENV\x01\x01\x10":
        raise ValueError("not a sealed object of suite gm")
    fixed = 12 + sealed[11] + 24 + 32
    key_id = sealed[12 : 12 + sealed[11]]
    context = b"".join(part(p.encode()) for p in parts) + part(key_id)
    digest = hashes.Hash(hashes.SM3())
    digest.update(context)
    if digest.finalize() != sealed[fixed - 32 : fixed]:
        raise ValueError("another context")
    info = b"yunyu/envelope/v1\n" + sealed[:fixed] + context
    okm = HKDFExpand(hashes.SM3(), 16 + 12 + 32, info).derive(data_key)
    key, base, commitment = okm[:16], int.from_bytes(okm[16:28], "big"), okm[28:]
    if commitment != sealed[fixed : fixed + 32]:
        raise ValueError("another key")
    wrapped = int.from_bytes(sealed[fixed + 32 : fixed + 34], "big")
    body, out, i = sealed[fixed + 34 + wrapped :], b"", 0
    while True:
        chunk, body = body[: 65536 + 16], body[65536 + 16 :]
        mode = modes.GCM((base ^ i).to_bytes(12, "big"), chunk[-16:])
        decryptor = Cipher(algorithms.SM4(key), mode).decryptor()
        plain = decryptor.update(chunk[:-16]) + decryptor.finalize()
        out, i = out + plain, i + 1
        if len(plain) < 65536:
            return out


for line in sys.stdin:
    case = json.loads(line)
    try:
        print(opened(bytes.fromhex(case["sealed"]), bytes.fromhex(case["key"]), case["context"]).hex())
    except (InvalidTag, ValueError):
        print("refused")
