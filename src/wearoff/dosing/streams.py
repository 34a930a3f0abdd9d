"""Random numbers that belong to one patient and one purpose.

A stream is keyed by (seed, patient, purpose) and by nothing else: not by who else is in the batch,
not by the order of the patients, not by the number of workers.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, patient: str, purpose: str) -> np.random.Generator:
    """The random numbers of one patient for one purpose.

    Args:
        seed: the seed of the analysis.
        patient: the patient's identifier.
        purpose: what the numbers are for, such as `between-patient:clearance`.

    Returns:
        A generator that starts at the same place on every machine.
    """
    # length-prefixed, so that no two (seed, patient, purpose) can spell the same key
    text = "".join(f"{len(part)}:{part};" for part in (str(seed), patient, purpose))
    key = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
